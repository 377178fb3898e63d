// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// The limits of one host: the number of concurrent requests, and the time before which nothing is
/// sent.
///
/// When one request is throttled, nothing is sent to the host before the stated time. The requests
/// that hold a permit then continue at different times, and the others as permits become free.
final class HostThrottle: Sendable {
    private struct State {
        var window: CongestionWindow
        var inFlight = 0
        var closedUntil = Duration.zero
    }

    private let state: AsyncCondition<State>
    private let time: RetryTiming

    /// The interval over which waiting requests are spread when the host opens again.
    static let spread = Duration.milliseconds(250)

    init(concurrency: Int, time: RetryTiming) {
        self.state = AsyncCondition(State(window: CongestionWindow(maximum: concurrency)))
        self.time = time
    }

    /// Runs an exchange while holding a permit for the host.
    ///
    /// - Throws: `CancellationError` if the task is canceled while it waits, or the error of
    ///   `exchange`.
    func withPermit<Value>(_ exchange: () async throws -> Value) async throws -> Value {
        let epoch = try await acquirePermit()
        defer { state.change { $0.inFlight -= 1 } }
        return try await recordResponse(exchange, sent: epoch)
    }

    /// Runs an exchange as soon as the host is open, without a permit.
    ///
    /// It is for requests that the holder of a permit waits for: a token, or a body that is fed by
    /// another request to the same host.
    func withoutPermit<Value>(_ exchange: () async throws -> Value) async throws -> Value {
        try await waitUntilOpen()
        return try await recordResponse(exchange, sent: state.state.window.epoch)
    }

    /// Records a response of the host.
    private func recordResponse<Value>(
        _ exchange: () async throws -> Value, sent epoch: CongestionWindow.Epoch
    ) async throws -> Value {
        do {
            let value = try await exchange()
            state.change { $0.window.succeeded() }
            return value
        } catch let errorResponse as ErrorResponse {
            state.change { state in
                if errorResponse.outcome.isCongestion {
                    state.window.throttled(sent: epoch)
                } else {
                    state.window.succeeded()
                }
            }
            throw errorResponse
        }
    }

    /// Closes the host for a while.
    func close(for duration: Duration) {
        let end = time.now() + duration
        state.change { $0.closedUntil = max($0.closedUntil, end) }
    }

    /// Waits for a permit and for the host to be open, and returns the current epoch.
    private func acquirePermit() async throws -> CongestionWindow.Epoch {
        while true {
            try await state.take { state -> Void? in
                guard state.inFlight < state.window.limit else { return nil }
                state.inFlight += 1
                return ()
            }
            do {
                try await waitUntilOpen()
            } catch {
                state.change { $0.inFlight -= 1 }
                throw error
            }
            // The window may have become smaller meanwhile.
            let epoch = state.change { state -> CongestionWindow.Epoch? in
                guard state.inFlight > state.window.limit else { return state.window.epoch }
                state.inFlight -= 1
                return nil
            }
            if let epoch { return epoch }
        }
    }

    private func waitUntilOpen() async throws {
        while case let left = state.state.closedUntil - time.now(), left > .zero {
            try await time.sleep(left + Self.spread * time.jitter())
        }
    }
}
