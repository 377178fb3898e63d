// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import AsyncPrimitives

/// The interruption of a run by a signal or by `--max-duration`.
final class Interruption: Sendable {
    /// The cause of an interruption.
    enum Cause: Hashable, Sendable {
        case signal(TerminationSignal)
        /// The time limit of `--max-duration` was reached.
        case timeLimit(Duration)
    }

    private struct State {
        var cause: Cause?
        var cancel: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// The time that an interrupted run has to finish.
    static let grace = Duration.milliseconds(4500)

    /// The cause of the interruption, or `nil` if the run was not interrupted.
    var cause: Cause? { state.withLock { $0.cause } }

    /// Sets the closure that cancels the run, and calls it at once if the run is already
    /// interrupted.
    func onInterruption(_ cancel: @escaping @Sendable () -> Void) {
        let isDue = state.withLock { state in
            state.cancel = cancel
            return state.cause != nil
        }
        if isDue { cancel() }
    }

    /// Records the cause and cancels the run.
    ///
    /// The first cause counts, except that a signal replaces a time limit.
    func happened(by cause: Cause) {
        let cancel = state.withLock { state in
            switch (state.cause, cause) {
            case (nil, _), (.timeLimit, .signal): state.cause = cause
            case (.signal, _), (.timeLimit, .timeLimit): break
            }
            return state.cancel
        }
        cancel?()
    }

    /// Runs a command, and logs an interruption when it happens.
    func announced(
        on console: Console, _ body: () async throws -> ExitCode
    ) async throws -> ExitCode {
        try await withTaskCancellationHandler(operation: body) {
            console.log(LogEntry(cause ?? .signal(.interrupt)))
        }
    }

    /// Returns a task that interrupts the run after the limit, unless it is canceled before.
    func timer(
        after limit: Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void = {
            try await Task.sleep(for: $0)
        }
    ) -> Task<Void, any Error> {
        Task {
            try await sleep(limit)
            happened(by: .timeLimit(limit))
        }
    }
}

extension Interruption.Cause {
    /// The exit code of an interrupted run without failures.
    var exitCode: ExitCode {
        switch self {
        case .signal(.interrupt): .interrupted
        case .signal(.terminate): .terminated
        case .timeLimit: .tryAgain
        }
    }

    /// The cause as text.
    var words: String {
        switch self {
        case .signal: "interrupted"
        case .timeLimit(let limit): "stopped by --max-duration \(limit.argument)"
        }
    }

    /// The stable name of the cause in JSON documents.
    var name: String {
        switch self {
        case .signal(.interrupt): "interrupt"
        case .signal(.terminate): "terminate"
        case .timeLimit: "max-duration"
        }
    }
}
