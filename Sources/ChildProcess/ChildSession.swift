// SPDX-License-Identifier: Apache-2.0

internal import CPosix
internal import Glibc

/// A child process from its start to its end, with a thread that services its pipes.
struct ChildSession: ~Copyable {
    private let executable: String
    private let process: pid_t
    private var deadline: ContinuousClock.Instant
    private let limits: ChildLimits
    private let wakeup: WakeupPipe
    private var input: StdinPump
    private var output: OutputCollector
    private var error: OutputCollector
    private let isFed: Bool
    private var hasExited = false

    /// Starts the child.
    init(
        _ invocation: ChildInvocation, _ inputAvailable: ChildInput, _ limits: ChildLimits,
        _ wakeup: WakeupPipe
    ) throws(ChildProcessError) {
        let executable = invocation.executable
        let input = try Pipe(for: executable)
        if inputAvailable.isStreamed { input.widen(to: 256 << 10) }
        let output = try Pipe(for: executable)
        let error = try Pipe(for: executable)
        try input.writing.setNonBlocking(for: executable)
        try output.reading.setNonBlocking(for: executable)
        try error.reading.setNonBlocking(for: executable)
        // A child that does not read its input must not terminate this process with SIGPIPE; only
        // this thread writes to it.
        Self.blockBrokenPipeSignal()
        let process = try invocation.spawn(
            input: input.reading.descriptor, output: output.writing.descriptor,
            error: error.writing.descriptor)

        let code = DetachedThread.start {
            // WNOWAIT keeps the child as a zombie, so that its process id is not reused until
            // `reap`.
            var information = unsafe siginfo_t()
            while unsafe waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) < 0,
                errno == EINTR
            {}
            wakeup.send(.exited)
        }
        guard code == 0 else {
            kill(-process, SIGKILL)
            _ = try Self.reap(process, executable)
            throw ChildProcessError(executable, .system(code))
        }
        self.executable = executable
        self.process = process
        self.deadline = .now + limits.time
        self.limits = limits
        self.wakeup = wakeup
        self.input = StdinPump(input.keepingWriting(), inputAvailable)
        self.isFed = inputAvailable.isStreamed
        self.output = OutputCollector(output.keepingReading(), limit: limits.outputByteCount)
        self.error = OutputCollector(error.keepingReading(), limit: limits.outputByteCount)
    }

    /// Services the child's pipes until it exits, then reaps it.
    mutating func run() throws(ChildProcessError) -> ChildOutput {
        do throws(ChildProcessError) {
            while !hasExited { try step() }
            // The output of processes that the child started is not awaited.
            try output.drain(executable)
            try error.drain(executable)
        } catch {
            kill(-process, SIGKILL)
            while !hasExited { listen() }
            // The first error is the relevant one.
            _ = try? Self.reap(process, executable)
            throw error
        }
        return ChildOutput(
            termination: try Self.reap(process, executable), standardOutput: output.bytes,
            standardError: error.bytes)
    }

    private mutating func step() throws(ChildProcessError) {
        input.refill()
        // The time limit does not apply while the child waits for input.
        let waitsForUs = isFed && input.isWaitingForInput
        if waitsForUs { deadline = .now + limits.time }
        var entries = [
            pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: input.descriptor, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: output.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: error.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        let ready = unsafe poll(
            &entries, nfds_t(entries.count), waitsForUs ? -1 : millisecondsLeft())
        if ready < 0, errno != EINTR { throw ChildProcessError(executable, .system(errno)) }
        guard ready > 0 else {
            guard ContinuousClock.now < deadline else {
                throw ChildProcessError(executable, .timeLimit(limits.time))
            }
            return
        }
        if entries[1].revents != 0 {
            input.advance()
            if isFed { deadline = .now + limits.time }
        }
        if entries[2].revents != 0 { try output.advance(executable) }
        if entries[3].revents != 0 { try error.advance(executable) }
        let events = wakeup.events()
        hasExited = events.contains(.exited)
        if events.contains(.canceled) { throw ChildProcessError(executable, .canceled) }
    }

    /// Waits for the wakeup pipe only.
    private mutating func listen() {
        var entry = pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&entry, 1, -1)
        if wakeup.events().contains(.exited) { hasExited = true }
    }

    private func millisecondsLeft() -> Int32 {
        let (seconds, attoseconds) = (deadline - .now).components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        // Rounded up, so that the last millisecond does not become a busy loop.
        let milliseconds = attoseconds / 1_000_000_000_000_000 + 1
        return seconds > 1_000_000 ? .max : Int32(seconds * 1000 + milliseconds)
    }

    private static func blockBrokenPipeSignal() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Returns the termination status of the child.
    ///
    /// - Throws: ``ChildProcessError`` if the status is unavailable, as in a process whose parent
    ///   made it ignore SIGCHLD: success must not be assumed.
    private static func reap(
        _ process: pid_t, _ executable: String
    ) throws(ChildProcessError) -> Termination {
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw ChildProcessError(executable, .system(errno)) }
        }
        // The layout that the macros WIFSIGNALED, WTERMSIG and WEXITSTATUS read.
        let signal = status & 0x7F
        return signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
    }
}
