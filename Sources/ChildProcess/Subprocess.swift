// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import CPosix
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
        let invocation = try ChildInvocation(
            executable, arguments: arguments, environment: environment)
        return try await ChildSession.run(
            executable, feeding: ChildInput(whole: input), within: limits
        ) { () throws(ChildProcessError) in
            try SpawnedChild.start(invocation)
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

/// A program that this process has started.
final class SpawnedChild: RunningChild {
    private let executable: String
    private let process: pid_t
    private let exit: WakeupPipe

    /// Starts a program.
    ///
    /// - Parameter invocation: The program, its arguments and environment.
    /// - Returns: The running program with its pipes.
    /// - Throws: ``ChildProcessError`` if the program could not be started.
    static func start(
        _ invocation: ChildInvocation
    ) throws(ChildProcessError) -> StartedChild {
        let input = try Pipe(for: invocation.executable)
        let output = try Pipe(for: invocation.executable)
        let error = try Pipe(for: invocation.executable)
        try input.writing.setNonBlocking(for: invocation.executable)
        try output.reading.setNonBlocking(for: invocation.executable)
        try error.reading.setNonBlocking(for: invocation.executable)
        let child = try SpawnedChild(
            invocation, input: input.reading.descriptor, output: output.writing.descriptor,
            error: error.writing.descriptor)
        return StartedChild(
            process: child, input: input.keepingWriting(), output: output.keepingReading(),
            error: error.keepingReading())
    }

    private init(
        _ invocation: ChildInvocation, input: Int32, output: Int32, error: Int32
    ) throws(ChildProcessError) {
        executable = invocation.executable
        exit = try WakeupPipe(for: executable)
        process = try invocation.spawn(input: input, output: output, error: error)
        let code = DetachedThread.start { [process, exit] in
            // WNOWAIT keeps the child as a zombie, so that its process id is not reused until
            // `reap`.
            var information = unsafe siginfo_t()
            while unsafe waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) < 0,
                errno == EINTR
            {}
            exit.send(.exited)
        }
        guard code == 0 else {
            kill()
            _ = try reap()
            throw ChildProcessError(executable, .system(code))
        }
    }

    var exitDescriptor: Int32 { exit.descriptor }

    func kill() { Glibc.kill(-process, SIGKILL) }

    /// Waits for the child.
    ///
    /// The status is unavailable in a process whose parent made it ignore SIGCHLD.
    func reap() throws(ChildProcessError) -> Termination {
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw ChildProcessError(executable, .system(errno)) }
        }
        return Termination(status: status)
    }
}

extension Termination {
    /// Creates a value from a status of `waitpid`.
    ///
    /// It has the layout that the macros WIFSIGNALED, WTERMSIG and WEXITSTATUS read.
    init(status: Int32) {
        let signal = status & 0x7F
        self = signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
    }
}
