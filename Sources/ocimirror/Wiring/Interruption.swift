// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Synchronization

/// Whether somebody has asked the program to end, and how.
final class Interruption: Sendable {
    /// What cuts a run short.
    enum Cause: Hashable, Sendable {
        case signal(TerminationSignal)
        /// The time that `--max-duration` grants is over.
        case timeLimit(Duration)
    }

    private struct State {
        var cause: Cause?
        var cancel: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// How long a run that was cut short by a signal may take to come to its end.
    static let grace = Duration.milliseconds(4500)

    /// What cut the run short; nil as long as nothing did.
    var cause: Cause? { state.withLock { $0.cause } }

    /// Says how the run is cancelled; at once, where that is asked for already.
    func onInterruption(_ cancel: @escaping @Sendable () -> Void) {
        let isDue = state.withLock { state in
            state.cancel = cancel
            return state.cause != nil
        }
        if isDue { cancel() }
    }

    /// Notes the cause, and cancels the run.
    ///
    /// The first cause counts; but who sends a signal hears of it, also where time was over before.
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

    /// Carries out a command, and tells a person who interrupts it what happens now.
    func announced(
        on console: Console, _ body: () async throws -> ExitCode
    ) async throws -> ExitCode {
        try await withTaskCancellationHandler(operation: body) {
            console.log(LogEntry(cause ?? .signal(.interrupt)))
        }
    }

    /// Cancels the run after so long, as a signal does, unless the timer is cancelled before.
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
    /// The code of a run that was cut short and had no failure.
    var exitCode: ExitCode {
        switch self {
        case .signal(.interrupt): .interrupted
        case .signal(.terminate): .terminated
        case .timeLimit: .tryAgain
        }
    }

    /// What happened, for people.
    var words: String {
        switch self {
        case .signal: "interrupted"
        case .timeLimit(let limit): "stopped by --max-duration \(limit.argument)"
        }
    }

    /// What happened, for programs.
    var name: String {
        switch self {
        case .signal(.interrupt): "interrupt"
        case .signal(.terminate): "terminate"
        case .timeLimit: "max-duration"
        }
    }
}
