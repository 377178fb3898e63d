// SPDX-License-Identifier: Apache-2.0

internal import CPosix
internal import Glibc
internal import AsyncPrimitives

/// Runs child processes that are forked from an initialized process, which avoids the cost of
/// `exec` and of loading libraries for each child.
///
/// The program is started at the first request. If it exits, the next request starts it again, at
/// most five times in all. It serves the requests with ``ForkServerProcess``.
public final class ForkServer: Sendable {
    /// The maximum number of program starts.
    private static let maximumStarts = 5

    private struct State {
        var program: ServingProgram?
        var startCount = 0
    }

    private let invocation: ChildInvocation
    private let state = Mutex(State())

    /// Creates a server whose program is not yet started.
    ///
    /// - Parameters:
    ///   - executable: The absolute path of the program.
    ///   - arguments: The arguments, without the program's name.
    ///   - environment: The environment variables of the program and its children.
    /// - Throws: ``ChildProcessError`` if the path, an argument or a variable is invalid.
    public init(
        executable: String, arguments: [String], environment: [String: String]
    ) throws(ChildProcessError) {
        invocation = try ChildInvocation(executable, arguments: arguments, environment: environment)
    }

    /// Runs a child that receives input while it runs, and waits for it to exit.
    ///
    /// The time limit restarts with each chunk of input that the child reads, and does not apply
    /// while the child waits for more input. If a limit is exceeded or the task is canceled, the
    /// child is killed.
    ///
    /// - Parameters:
    ///   - request: The request to the child; at most
    ///     ``ForkServerProcess/maximumRequestByteCount`` bytes.
    ///   - input: The input, which is closed when this method returns.
    ///   - limits: The limits of the child.
    /// - Returns: The exit status and standard output. A nonzero status is not an error, and standard
    ///   error is not collected.
    /// - Throws: ``ChildProcessError`` if the child could not be started or was killed.
    public func run(
        _ request: [UInt8], feeding input: ChildInput, limits: ChildLimits
    ) async throws(ChildProcessError) -> ChildOutput {
        precondition(
            (1...ForkServerProcess.maximumRequestByteCount).contains(request.count),
            "request must have 1 to \(ForkServerProcess.maximumRequestByteCount) bytes")
        defer { input.close() }
        return try await ChildSession.run(invocation.executable, feeding: input, within: limits) {
            () throws(ChildProcessError) in
            try self.start(request)
        }
    }

    private func start(_ request: [UInt8]) throws(ChildProcessError) -> StartedChild {
        let executable = invocation.executable
        let input = try Pipe(for: executable)
        input.widen(to: 256 << 10)
        let output = try Pipe(for: executable)
        let control = try Pipe(.messages, for: executable)
        try input.writing.setNonBlocking(for: executable)
        try output.reading.setNonBlocking(for: executable)
        let program = try send(
            request,
            [input.reading.descriptor, output.writing.descriptor, control.reading.descriptor])
        return StartedChild(
            process: ForkedChild(executable, of: program, control: control.keepingWriting()),
            input: input.keepingWriting(), output: output.keepingReading(), error: .none)
    }

    /// Sends a request to the running program, starting it if necessary, and returns the program.
    private func send(
        _ request: [UInt8], _ descriptors: [Int32]
    ) throws(ChildProcessError) -> ServingProgram {
        try state.withLock { state throws(ChildProcessError) in
            while true {
                let program = try program(of: &state)
                switch program.send(request, descriptors) {
                case 0: return program
                case EPIPE, ECONNRESET: state.program = nil
                case let code: throw ChildProcessError(invocation.executable, .system(code))
                }
            }
        }
    }

    private func program(of state: inout State) throws(ChildProcessError) -> ServingProgram {
        if let program = state.program { return program }
        guard state.startCount < Self.maximumStarts else {
            throw ChildProcessError(invocation.executable, .serverEnded)
        }
        state.startCount += 1
        let program = try ServingProgram(invocation)
        state.program = program
        return program
    }
}

/// A running server process.
///
/// The deinitializer kills the process and its children.
private final class ServingProgram: Sendable {
    private let process: pid_t
    private let connection: PipeEnd

    init(_ invocation: ChildInvocation) throws(ChildProcessError) {
        let pair = try Pipe(.messages, for: invocation.executable)
        let null = unsafe open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard null >= 0 else { throw ChildProcessError(invocation.executable, .system(errno)) }
        let unused = PipeEnd(
            try PipeEnd.awayFromStandardFiles(null, for: invocation.executable))
        process = try invocation.spawn(
            input: pair.reading.descriptor, output: unused.descriptor, error: unused.descriptor)
        connection = pair.keepingWriting()
    }

    deinit {
        kill()
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    }

    /// Kills the program and its children.
    func kill() { Glibc.kill(-process, SIGKILL) }

    /// Sends a request.
    ///
    /// - Returns: 0, or the `errno` of a failure.
    func send(_ request: [UInt8], _ descriptors: [Int32]) -> Int32 {
        unsafe cposix_send(connection.descriptor, request, request.count, descriptors)
    }
}

/// A child that a server process forked.
///
/// The server process reports the exit through the socket `control`, and kills the child when this
/// process shuts down its end of the socket.
private final class ForkedChild: RunningChild {
    /// The maximum time to wait for the server process to kill a child, in milliseconds.
    private static let killTime: Int32 = 10_000

    private let executable: String
    private let program: ServingProgram
    private let control: PipeEnd

    init(_ executable: String, of program: ServingProgram, control: consuming PipeEnd) {
        self.executable = executable
        self.program = program
        self.control = control
    }

    var exitDescriptor: Int32 { control.descriptor }

    func kill() {
        _ = shutdown(control.descriptor, Int32(SHUT_WR))
        var entry = pollfd(fd: control.descriptor, events: Int16(POLLIN), revents: 0)
        // A server process that does not respond is killed with all its children.
        if unsafe poll(&entry, 1, Self.killTime) == 0 { program.kill() }
    }

    func reap() throws(ChildProcessError) -> Termination {
        guard let bytes = control.read(upTo: ExitReport.byteCount), let report = ExitReport(bytes)
        else { throw ChildProcessError(executable, .serverEnded) }
        switch report {
        case .ended(let status): return Termination(status: status)
        case .failed(let code): throw ChildProcessError(executable, .system(code))
        }
    }
}

/// The message with which a server process reports that a child exited: a byte for the case and a
/// 32-bit big-endian number.
enum ExitReport {
    /// The child exited with this status of `waitpid`.
    case ended(Int32)
    /// The child could not be started because of this `errno`.
    case failed(Int32)

    static let byteCount = 5

    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        let value = bytes.dropFirst().reduce(0) { $0 << 8 | UInt32($1) }
        switch bytes[0] {
        case 0: self = .ended(Int32(bitPattern: value))
        case 1: self = .failed(Int32(bitPattern: value))
        default: return nil
        }
    }

    var bytes: [UInt8] {
        let (kind, value) =
            switch self {
            case .ended(let status): (UInt8(0), UInt32(bitPattern: status))
            case .failed(let code): (UInt8(1), UInt32(bitPattern: code))
            }
        return [kind] + stride(from: 24, through: 0, by: -8).map { UInt8(value >> $0 & 0xFF) }
    }
}
