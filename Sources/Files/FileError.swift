// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import TextSafety

/// Something that could not be done with a file or a directory.
public struct FileError: Error, Hashable, Sendable {
    /// What was tried.
    public enum Operation: String, Sendable {
        case open
        case read
        case write
        case list
        case lock
        case create
        case replace
        case remove
        case inspect
    }

    /// Why it failed.
    public enum Cause: Hashable, Sendable {
        /// The system refused, with this `errno`.
        case system(Int32)
        /// It is a directory, a pipe, a device or a socket.
        case notRegular
        /// It is a symbolic link, and none was to be followed.
        case symbolicLink
        /// It holds more bytes than are wanted.
        case tooLarge(limit: Int)
        /// Its name holds a NUL, which the system would take for the end.
        case invalidName
    }

    /// What was tried.
    public let operation: Operation
    /// The path as it was given.
    public let path: String
    /// Why it failed.
    public let cause: Cause

    /// Makes an error.
    public init(_ operation: Operation, _ path: String, _ cause: Cause) {
        self.operation = operation
        self.path = path
        self.cause = cause
    }

    /// Whether there is simply no such file or directory.
    public var isMissing: Bool { cause == .system(ENOENT) }

    /// Whether something already has the name that a new file was to get.
    public var isTaken: Bool { cause == .system(EEXIST) }
}

extension FileError: CustomStringConvertible {
    /// One line: what could not be done, with which file, and why.
    public var description: String {
        "cannot \(operation.rawValue) '\(UntrustedText(path).display)': \(cause)"
    }
}

extension FileError.Cause: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .system(let code): Self.words[code] ?? "system error \(code)"
        case .notRegular: "not a regular file"
        case .symbolicLink: "a symbolic link, which is not followed here"
        case .tooLarge(let limit): "larger than \(limit) bytes"
        case .invalidName: "not a name of a file"
        }
    }

    private static let words: [Int32: String] = [
        EACCES: "permission denied",
        EAGAIN: "busy",
        EBUSY: "in use",
        EDQUOT: "the disk quota is used up",
        EEXIST: "it exists already",
        EFBIG: "too large for this file system",
        EINVAL: "not possible on this file system",
        EIO: "the disk failed",
        EISDIR: "it is a directory",
        ELOOP: "too many symbolic links",
        EMFILE: "too many open files",
        ENAMETOOLONG: "the name is too long",
        ENFILE: "too many open files on this machine",
        ENODEV: "no such device",
        ENOENT: "no such file or directory",
        ENOLCK: "locks are not available here",
        ENOMEM: "out of memory",
        ENOSPC: "no space left on the disk",
        ENOTDIR: "a part of the path is not a directory",
        ENOTEMPTY: "the directory is not empty",
        ENXIO: "no such device",
        EPERM: "not permitted",
        EROFS: "the file system is read-only",
        ETXTBSY: "the program is running",
        EXDEV: "on another file system",
    ]
}
