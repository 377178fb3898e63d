// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import TextSafety

/// An error of a child process that could not be started, or was killed.
public struct ChildProcessError: Error, Hashable, Sendable {
    /// The reason for the error.
    public enum Cause: Hashable, Sendable {
        /// The system call failed with this `errno`.
        case system(Int32)
        /// The path of the program is not absolute.
        case relativePath
        /// An argument or variable contains a NUL, or the name of a variable an equals sign.
        case invalidArgument
        /// The time limit was exceeded.
        case timeLimit(Duration)
        /// The output limit was exceeded.
        case outputLimit(Int)
        /// The task was canceled.
        case canceled
        /// The process that forks the children has ended, or ends each time it is started.
        case serverEnded
    }

    /// The path of the program.
    public let executable: String
    /// The reason for the error.
    public let cause: Cause

    /// Creates an error.
    public init(_ executable: String, _ cause: Cause) {
        self.executable = executable
        self.cause = cause
    }
}

extension ChildProcessError: CustomStringConvertible {
    /// The message: program and reason, on one line.
    public var description: String {
        "cannot run '\(UntrustedText(executable).display)': \(cause)"
    }
}

extension ChildProcessError.Cause: CustomStringConvertible {
    /// The description of the reason.
    public var description: String {
        switch self {
        case .system(E2BIG): "argument list too long"
        case .system(EACCES): "permission denied"
        case .system(EAGAIN): "too many processes"
        case .system(EMFILE), .system(ENFILE): "too many open files"
        case .system(ENOENT): "no such program"
        case .system(ENOEXEC): "executable format error"
        case .system(ENOMEM): "out of memory"
        case .system(ENOTDIR): "not a directory"
        case .system(let code): "system error \(code)"
        case .relativePath: "not an absolute path"
        case .invalidArgument: "invalid argument or environment variable"
        case .timeLimit(let time): "killed: exceeded the time limit of \(time)"
        case .outputLimit(let count): "killed: output larger than \(count) bytes"
        case .canceled: "killed: canceled"
        case .serverEnded: "killed: parent process ended"
        }
    }
}
