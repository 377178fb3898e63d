// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import TextSafety

/// A child that could not be started, or had to be killed.
public struct ChildProcessError: Error, Hashable, Sendable {
    /// What went wrong.
    public enum Cause: Hashable, Sendable {
        /// The system refused, with this `errno`.
        case system(Int32)
        /// The path of the program depends on the current directory.
        case relativePath
        /// An argument or a variable cannot be handed over: it holds a NUL, or a name an equals sign.
        case invalidArgument
        /// It ran longer than it may.
        case timeLimit(Duration)
        /// It wrote more bytes than it may.
        case outputLimit(Int)
        /// The task that waited for it was cancelled.
        case cancelled
    }

    /// The path of the program.
    public let executable: String
    /// What went wrong.
    public let cause: Cause

    /// Makes an error.
    public init(_ executable: String, _ cause: Cause) {
        self.executable = executable
        self.cause = cause
    }
}

extension ChildProcessError: CustomStringConvertible {
    /// One line: which program, and what went wrong.
    public var description: String {
        "cannot run '\(UntrustedText(executable).display)': \(cause)"
    }
}

extension ChildProcessError.Cause: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .system(E2BIG): "its arguments are too long"
        case .system(EACCES): "permission denied"
        case .system(EAGAIN): "too many processes"
        case .system(EMFILE), .system(ENFILE): "too many open files"
        case .system(ENOENT): "no such program"
        case .system(ENOEXEC): "not a program for this machine"
        case .system(ENOMEM): "out of memory"
        case .system(ENOTDIR): "a part of the path is not a directory"
        case .system(let code): "system error \(code)"
        case .relativePath: "not an absolute path"
        case .invalidArgument: "an argument or a variable that no program can be given"
        case .timeLimit(let time): "killed, because it ran longer than \(time)"
        case .outputLimit(let count): "killed, because it wrote more than \(count) bytes"
        case .cancelled: "killed, because the run was cancelled"
        }
    }
}
