// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import TextSafety

/// An error of an operation on a file or directory.
public struct FileError: Error, Hashable, Sendable {
    /// The operation that failed.
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

    /// The reason for the failure.
    public enum Cause: Hashable, Sendable {
        /// The system call failed with this `errno`.
        case system(Int32)
        /// The path is a directory, a pipe, a device or a socket.
        case notRegular
        /// The path is a symbolic link, and links are not followed.
        case symbolicLink
        /// The file exceeds the size limit.
        case tooLarge(limit: Int)
        /// The path contains a NUL, which the system would take for its end.
        case invalidName
    }

    /// The operation that failed.
    public let operation: Operation
    /// The path as it was passed.
    public let path: String
    /// The reason for the failure.
    public let cause: Cause

    /// Creates an error.
    public init(_ operation: Operation, _ path: String, cause: Cause) {
        self.operation = operation
        self.path = path
        self.cause = cause
    }

    /// A Boolean value that indicates whether the file or directory does not exist.
    public var isMissing: Bool { cause == .system(ENOENT) }

    /// A Boolean value that indicates whether a new file's path already exists.
    public var alreadyExists: Bool { cause == .system(EEXIST) }
}

extension FileError: CustomStringConvertible {
    /// The message: operation, path and reason, on one line.
    public var description: String {
        "cannot \(operation.rawValue) '\(UntrustedText(path).display)': \(cause)"
    }
}

extension FileError.Cause: CustomStringConvertible {
    /// The description of the reason.
    public var description: String {
        switch self {
        case .system(let code): Self.words[code] ?? "system error \(code)"
        case .notRegular: "not a regular file"
        case .symbolicLink: "a symbolic link, which is not permitted here"
        case .tooLarge(let limit): "larger than \(limit) bytes"
        case .invalidName: "not a valid file name"
        }
    }

    private static let words: [Int32: String] = [
        EACCES: "permission denied",
        EAGAIN: "busy",
        EBUSY: "in use",
        EDQUOT: "disk quota exceeded",
        EEXIST: "already exists",
        EFBIG: "too large for this file system",
        EINVAL: "not possible on this file system",
        EIO: "input/output error",
        EISDIR: "is a directory",
        ELOOP: "too many symbolic links",
        EMFILE: "too many open files",
        ENAMETOOLONG: "file name too long",
        ENFILE: "too many open files in the system",
        ENODEV: "no such device",
        ENOENT: "no such file or directory",
        ENOLCK: "locks not supported by this file system",
        ENOMEM: "out of memory",
        ENOSPC: "no space left on the disk",
        ENOTDIR: "not a directory",
        ENOTEMPTY: "directory not empty",
        ENXIO: "no such device",
        EPERM: "not permitted",
        EROFS: "read-only file system",
        ETXTBSY: "program file busy",
        EXDEV: "on another file system",
    ]
}
