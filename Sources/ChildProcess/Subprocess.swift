// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The limits of a child process, which is killed if it exceeds one.
public struct ChildLimits: Hashable, Sendable {
    /// The maximum duration.
    public let time: Duration
    /// The maximum number of bytes on each of standard output and standard error.
    public let outputByteCount: Int

    /// Creates limits.
    public init(time: Duration, outputByteCount: Int) {
        precondition(outputByteCount >= 0, "limit must not be negative")
        self.time = time
        self.outputByteCount = outputByteCount
    }
}

/// The termination status of a child process.
public enum Termination: Hashable, Sendable {
    /// The process exited with this status.
    case exited(Int32)
    /// A signal terminated the process.
    case signalled(Int32)
}

/// The result of a child process.
public struct ChildOutput: Hashable, Sendable {
    /// The termination status.
    public let termination: Termination
    /// The bytes of standard output.
    public let standardOutput: [UInt8]
    /// The bytes of standard error.
    public let standardError: [UInt8]
}

/// Runs other programs to completion.
public enum Subprocess {
    /// Runs a program, and waits for its end without blocking a thread of the cooperative pool.
    ///
    /// No shell is involved. The child has only the given environment, three open files, default
    /// signal handling and its own process group. If a limit is exceeded or the task is canceled,
    /// the whole group is killed.
    ///
    /// - Parameters:
    ///   - executable: The absolute path of the program; ``locate(_:path:)`` finds it.
    ///   - arguments: The arguments, without the program's name.
    ///   - environment: The whole environment.
    ///   - input: The content of standard input.
    ///   - limits: The limits of the child.
    /// - Returns: The result, whatever the exit status.
    /// - Throws: ``ChildProcessError`` if the program could not be started or was killed.
    public static func run(
        executable: String, arguments: [String], environment: [String: String],
        input: [UInt8] = [], limits: ChildLimits
    ) async throws(ChildProcessError) -> ChildOutput {
        try await run(
            ChildInvocation(executable, arguments: arguments, environment: environment),
            feeding: ChildInput(whole: input), within: limits)
    }

    /// Runs a program that receives input while it runs, and waits for its end.
    ///
    /// As ``run(executable:arguments:environment:input:limits:)``, except that the time limit
    /// restarts with each chunk of input that the child reads, and does not apply while the child
    /// waits for more input.
    ///
    /// - Parameters:
    ///   - executable: The absolute path of the program.
    ///   - arguments: The arguments, without the program's name.
    ///   - environment: The whole environment.
    ///   - input: The input, which is closed when this method returns.
    ///   - limits: The limits of the child.
    /// - Returns: The result, whatever the exit status.
    /// - Throws: ``ChildProcessError`` if the program could not be started or was killed.
    public static func run(
        executable: String, arguments: [String], environment: [String: String],
        feeding input: ChildInput, limits: ChildLimits
    ) async throws(ChildProcessError) -> ChildOutput {
        defer { input.close() }
        return try await run(
            ChildInvocation(executable, arguments: arguments, environment: environment),
            feeding: input, within: limits)
    }

    private static func run(
        _ invocation: ChildInvocation, feeding input: ChildInput, within limits: ChildLimits
    ) async throws(ChildProcessError) -> ChildOutput {
        try await ChildSession.run(invocation.executable, feeding: input, within: limits) {
            () throws(ChildProcessError) in
            try SpawnedChild.start(invocation, isStreamed: input.isStreamed)
        }
    }

    /// Finds a program by its name, as a shell does.
    ///
    /// - Parameters:
    ///   - name: The program's name, without a slash.
    ///   - path: The directories to search, separated by colons. Relative ones are ignored, so that
    ///     the current directory never decides which program runs.
    /// - Returns: The absolute path; `nil` if no directory has an executable file with this name.
    public static func locate(_ name: String, path: String) -> String? {
        guard !name.isEmpty, !name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") })
        else { return nil }
        return path.split(separator: ":").lazy.filter { $0.hasPrefix("/") }
            .map { "\($0)/\(name)" }.first(where: isExecutable)
    }

    private static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return false
        }
        return unsafe access(path, X_OK) == 0
    }
}
