// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// What one host lets us do: how many requests at once, and from when on.
///
/// Whoever is told to come back later tells all: nothing is sent to the host before that time. The
/// waiting come back one after the other, not all in the same moment.
final class HostThrottle: Sendable {
    private struct State {
        var window: CongestionWindow
        var inFlight = 0
        var closedUntil = Duration.zero
    }

    private enum Turn: Sendable {
        case go(CongestionWindow.Epoch)
        case wait(Duration)
    }

    private let state: AsyncCondition<State>
    private let time: RetryTiming

    /// How far the waiting spread when the host opens again.
    static let spread = Duration.milliseconds(250)

    init(concurrency: Int, time: RetryTiming) {
        self.state = AsyncCondition(State(window: CongestionWindow(most: concurrency)))
        self.time = time
    }

    /// Runs an exchange while holding one of the places for requests.
    ///
    /// - Throws: `CancellationError` where the task is cancelled while it waits, or what `exchange`
    ///   threw.
    func withPlace<Value>(_ exchange: () async throws -> Value) async throws -> Value {
        let epoch = try await turn { state in
            guard state.inFlight < state.window.limit else { return nil }
            state.inFlight += 1
            return .go(state.window.epoch)
        }
        // All are woken: the first one may find the host closed, and leave the place to the others.
        defer { state.change { $0.inFlight -= 1 } }
        return try await heard(exchange, sent: epoch)
    }

    /// Runs an exchange as soon as the host is open, without taking a place.
    ///
    /// For those that somebody waits for who holds a place: a token, or a body that is fed by another
    /// request to the same host.
    func withoutPlace<Value>(_ exchange: () async throws -> Value) async throws -> Value {
        try await heard(exchange, sent: try await turn { .go($0.window.epoch) })
    }

    /// Takes note of how the host answers.
    private func heard<Value>(
        _ exchange: () async throws -> Value, sent epoch: CongestionWindow.Epoch
    ) async throws -> Value {
        do {
            let value = try await exchange()
            state.change { $0.window.succeeded() }
            return value
        } catch let rejection as ErrorResponse {
            state.change { state in
                if rejection.outcome.isCongestion {
                    state.window.congested(sent: epoch)
                } else {
                    state.window.succeeded()
                }
            }
            throw rejection
        }
    }

    /// Sends nothing to the host for a while.
    func close(for duration: Duration) {
        let end = time.now() + duration
        state.change { $0.closedUntil = max($0.closedUntil, end) }
    }

    private func turn(
        _ take: @escaping @Sendable (inout State) -> Turn?
    ) async throws -> CongestionWindow.Epoch {
        while true {
            let turn = try await state.take { [time] state -> Turn? in
                let left = state.closedUntil - time.now()
                return left > .zero ? .wait(left) : take(&state)
            }
            switch turn {
            case .go(let epoch): return epoch
            case .wait(let left): try await time.sleep(left + Self.spread * time.jitter())
            }
        }
    }
}
