// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import CPosix
internal import Glibc

/// A child process from its start to its end, with a thread that services its pipes.
struct ChildSession: ~Copyable {
    private let executable: String
    private let process: any RunningChild
    private var deadline: ContinuousClock.Instant
    private let limits: ChildLimits
    private let wakeup: WakeupPipe
    private var input: StdinPump
    private var output: OutputCollector
    private var error: OutputCollector
    private let isFed: Bool
    private var hasExited = false

    /// Runs a child to its end on a thread of its own.
    ///
    /// - Parameters:
    ///   - executable: The path of the program, for messages.
    ///   - input: The input of the child.
    ///   - limits: The limits of the child, which is killed if it exceeds one.
    ///   - start: Starts the child. It runs on that thread, because a start can block, and because
    ///     a ``StartedChild`` cannot be copied.
    /// - Returns: The result, whatever the exit status.
    /// - Throws: ``ChildProcessError`` if the child could not be started or was killed.
    static func run(
        _ executable: String, feeding input: ChildInput, within limits: ChildLimits,
        start: @escaping @Sendable () throws(ChildProcessError) -> StartedChild
    ) async throws(ChildProcessError) -> ChildOutput {
        let wakeup = try WakeupPipe(for: executable)
        input.attach(wakeup)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let code = DetachedThread.start {
                    continuation.resume(
                        returning: Result { () throws(ChildProcessError) in
                            var session = ChildSession(
                                executable, child: try start(), inputAvailable: input,
                                limits: limits, wakeup: wakeup)
                            return try session.run()
                        })
                }
                if code != 0 {
                    let error = ChildProcessError(executable, .system(code))
                    continuation.resume(returning: .failure(error))
                }
            }
        } onCancel: {
            wakeup.send(.canceled)
        }
        return try result.get()
    }

    private init(
        _ executable: String, child: consuming StartedChild, inputAvailable: ChildInput,
        limits: ChildLimits, wakeup: WakeupPipe
    ) {
        // A child that does not read its input must not terminate this process with SIGPIPE; only
        // this thread writes to it.
        Self.blockBrokenPipeSignal()
        self.executable = executable
        self.process = child.process
        self.deadline = .now + limits.time
        self.limits = limits
        self.wakeup = wakeup
        self.isFed = inputAvailable.isStreamed
        self.input = StdinPump(child.input, inputAvailable)
        self.output = OutputCollector(child.output, limit: limits.outputByteCount)
        self.error = OutputCollector(child.error, limit: limits.outputByteCount)
    }

    /// Services the child's pipes until it exits, then reaps it.
    private mutating func run() throws(ChildProcessError) -> ChildOutput {
        do throws(ChildProcessError) {
            while !hasExited { try step() }
            // The output of processes that the child started is not awaited.
            try output.drain(executable)
            try error.drain(executable)
        } catch {
            process.kill()
            while !hasExited { awaitExit() }
            // The first error is the relevant one.
            _ = try? process.reap()
            throw error
        }
        return ChildOutput(
            termination: try process.reap(), standardOutput: output.bytes,
            standardError: error.bytes)
    }

    private mutating func step() throws(ChildProcessError) {
        input.refill()
        // The time limit does not apply while the child waits for input.
        let awaitsInput = isFed && input.isWaitingForInput
        if awaitsInput { deadline = .now + limits.time }
        var entries = [
            pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: input.descriptor, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: output.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: error.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: process.exitDescriptor, events: Int16(POLLIN), revents: 0),
        ]
        let ready = unsafe poll(
            &entries, nfds_t(entries.count), awaitsInput ? -1 : millisecondsLeft())
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
        hasExited = entries[4].revents != 0
        if wakeup.events().contains(.canceled) { throw ChildProcessError(executable, .canceled) }
    }

    private mutating func awaitExit() {
        var entry = pollfd(fd: process.exitDescriptor, events: Int16(POLLIN), revents: 0)
        if unsafe poll(&entry, 1, -1) > 0 { hasExited = true }
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
}

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

/// The end of a pipe that feeds the standard input of a child.
private struct StdinPump: ~Copyable {
    private var end: PipeEnd
    private let input: ChildInput
    private var pending: ArraySlice<UInt8> = []

    /// Takes ownership of a non-blocking end.
    init(_ end: consuming PipeEnd, _ input: ChildInput) {
        self.end = end
        self.input = input
    }

    /// The entry for `poll`; none while there is nothing to write.
    var descriptor: Int32 { pending.isEmpty ? -1 : end.descriptor }

    /// A Boolean value that indicates whether the child may be waiting for input.
    var isWaitingForInput: Bool { pending.isEmpty && end.descriptor >= 0 }

    /// Writes available input, and closes the pipe after the last of it.
    mutating func refill() {
        guard isWaitingForInput else { return }
        switch input.next() {
        case .bytes(let bytes): pending = bytes[...]
        case .nothingYet: break
        case .end: end.close()
        }
    }

    mutating func advance() {
        guard let count = end.write(pending) else {
            // The child has closed its input; its output is still read.
            pending = []
            end.close()
            input.close()
            return
        }
        pending.removeFirst(count)
        refill()
    }
}

/// Collects the output of a child.
private struct OutputCollector: ~Copyable {
    private static let chunkByteCount = 64 << 10

    private var end: PipeEnd
    private let limit: Int
    private(set) var bytes: [UInt8] = []

    /// Takes ownership of a non-blocking end.
    init(_ end: consuming PipeEnd, limit: Int) {
        self.end = end
        self.limit = limit
    }

    /// The entry for `poll`; none after the end of the output.
    var descriptor: Int32 { end.descriptor }

    /// Reads a chunk, and returns whether more may be available immediately.
    @discardableResult
    mutating func advance(_ executable: String) throws(ChildProcessError) -> Bool {
        guard let chunk = end.read(upTo: Self.chunkByteCount) else {
            end.close()
            return false
        }
        bytes += chunk
        guard bytes.count <= limit else {
            throw ChildProcessError(executable, .outputLimit(limit))
        }
        return !chunk.isEmpty
    }

    /// Reads the remaining output.
    mutating func drain(_ executable: String) throws(ChildProcessError) {
        while try advance(executable) {}
    }
}
