// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import CPosix
internal import Glibc

/// A child process from its start until it is reaped.
protocol RunningChild: AnyObject {
    /// The descriptor that becomes readable when the child has exited.
    var exitDescriptor: Int32 { get }

    /// Kills the child, and all processes that it started.
    func kill()

    /// Returns the termination status of a child that has exited; it is called once.
    ///
    /// - Throws: ``ChildProcessError`` if the status is unavailable: success must not be assumed.
    func reap() throws(ChildProcessError) -> Termination
}

/// A child process with this process's ends of its pipes.
struct StartedChild: ~Copyable {
    let process: any RunningChild
    let input: PipeEnd
    let output: PipeEnd
    let error: PipeEnd
}

/// A program that this process has started.
final class SpawnedChild: RunningChild {
    private let executable: String
    private let process: pid_t
    private let exit: WakeupPipe

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - invocation: The program, its arguments and environment.
    ///   - isStreamed: A Boolean value that indicates whether the input is large.
    /// - Returns: The running program with its pipes.
    /// - Throws: ``ChildProcessError`` if the program could not be started.
    static func start(
        _ invocation: ChildInvocation, isStreamed: Bool
    ) throws(ChildProcessError) -> StartedChild {
        let input = try Pipe(for: invocation.executable)
        if isStreamed { input.widen(to: 256 << 10) }
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
