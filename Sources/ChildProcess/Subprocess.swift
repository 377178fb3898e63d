// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What a child may take before it is killed.
public struct ChildLimits: Hashable, Sendable {
    /// How long it may run.
    public let time: Duration
    /// How many bytes it may write to its standard output, and as many to its standard error.
    public let outputByteCount: Int

    /// Sets the limits.
    public init(time: Duration, outputByteCount: Int) {
        precondition(outputByteCount >= 0, "a limit is not negative")
        self.time = time
        self.outputByteCount = outputByteCount
    }
}

/// How a child ended.
public enum Termination: Hashable, Sendable {
    /// By itself, with this status.
    case exited(Int32)
    /// By this signal.
    case signalled(Int32)
}

/// What a child left behind.
public struct ChildOutput: Hashable, Sendable {
    /// How it ended.
    public let termination: Termination
    /// Everything that it wrote to its standard output.
    public let standardOutput: [UInt8]
    /// Everything that it wrote to its standard error.
    public let standardError: [UInt8]
}

/// Other programs, run to their end.
public enum Subprocess {
    /// Runs a program and waits for its end without holding a thread of the cooperative pool.
    ///
    /// No shell is involved. The child gets the given environment and nothing of ours, three open
    /// files, default signal handling and a process group of its own. Where a limit is passed or
    /// the task is cancelled, the whole group is killed.
    ///
    /// - Parameters:
    ///   - executable: the absolute path of the program; ``locate(_:path:)`` finds it.
    ///   - arguments: its arguments, without its own name.
    ///   - environment: its whole environment.
    ///   - input: what it reads from its standard input, which then ends.
    ///   - limits: what it may take.
    /// - Returns: what it left behind, whatever its status.
    /// - Throws: ``ChildProcessError`` where it could not be started or had to be killed.
    public static func run(
        executable: String, arguments: [String], environment: [String: String],
        input: [UInt8] = [], limits: ChildLimits
    ) async throws(ChildProcessError) -> ChildOutput {
        try await run(
            ChildInvocation(executable, arguments, environment), ChildInput(whole: input), limits)
    }

    /// Runs a program that is fed while it runs, and waits for its end.
    ///
    /// As ``run(executable:arguments:environment:input:limits:)``, but for the limit of time: it is
    /// how long the child may take for what it was given, and starts anew with each piece that it
    /// takes. While it waits for more, it is not late.
    ///
    /// - Parameters:
    ///   - executable: the absolute path of the program.
    ///   - arguments: its arguments, without its own name.
    ///   - environment: its whole environment.
    ///   - input: where the pieces are put. It takes no more once this returns.
    ///   - limits: what it may take.
    /// - Returns: what it left behind, whatever its status.
    /// - Throws: ``ChildProcessError`` where it could not be started or had to be killed.
    public static func run(
        executable: String, arguments: [String], environment: [String: String],
        feeding input: ChildInput, limits: ChildLimits
    ) async throws(ChildProcessError) -> ChildOutput {
        defer { input.close() }
        return try await run(ChildInvocation(executable, arguments, environment), input, limits)
    }

    private static func run(
        _ invocation: ChildInvocation, _ input: ChildInput, _ limits: ChildLimits
    ) async throws(ChildProcessError) -> ChildOutput {
        let executable = invocation.executable
        let alarm = try WakeupPipe(for: executable)
        input.attach(alarm)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let code = DetachedThread.start {
                    continuation.resume(
                        returning: Result { () throws(ChildProcessError) in
                            var exchange = try ChildSession(invocation, input, limits, alarm)
                            return try exchange.run()
                        })
                }
                if code != 0 {
                    let error = ChildProcessError(executable, .system(code))
                    continuation.resume(returning: .failure(error))
                }
            }
        } onCancel: {
            alarm.ring(.cancelled)
        }
        return try result.get()
    }

    /// Finds a program by its name, as a shell would.
    ///
    /// - Parameters:
    ///   - name: the program's name, without a slash.
    ///   - path: the directories to look in, parted by colons. Those that are not absolute are
    ///     passed over, so that the current directory never decides what is run.
    /// - Returns: the absolute path; nil where no directory has an executable file of the name.
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
