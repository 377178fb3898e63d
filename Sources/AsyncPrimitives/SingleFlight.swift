// SPDX-License-Identifier: Apache-2.0

/// Runs one operation per key at a time and shares its result with all callers.
///
/// The operation runs in its own task. A canceled caller stops waiting and does not affect the
/// others; the operation is canceled when no caller is left. The result of a canceled operation is
/// never shared.
public final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private typealias Outcome = Result<Value, any Error>

    private struct Flight {
        let outcome = AsyncCondition<Outcome?>(nil)
        var task: Task<Void, Never>?
        /// The number of callers that wait for the operation.
        var callers = 0
    }

    private let flights = Mutex<[Key: Flight]>([:])
    private let keepsResults: Bool
    private let keepsErrors: Bool

    /// Creates an instance without operations.
    ///
    /// - Parameters:
    ///   - keepsResults: A Boolean value that indicates whether results are kept for later callers.
    ///   - keepsErrors: A Boolean value that indicates whether errors are kept with the results, so
    ///     that the operation runs once per key.
    public init(keepsResults: Bool = false, keepsErrors: Bool = true) {
        self.keepsResults = keepsResults
        self.keepsErrors = keepsErrors
    }

    /// Returns the result of `operation` for a key, joining one that is already running.
    ///
    /// - Throws: The error of the operation, or `CancellationError` for this caller only.
    public func value(
        for key: Key, _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let outcome = join(key, operation)
        defer { leave(key, outcome) }
        return try await outcome.take { $0 }.get()
    }

    private func join(
        _ key: Key, _ operation: @escaping @Sendable () async throws -> Value
    ) -> AsyncCondition<Outcome?> {
        flights.withLock { flights in
            var flight = flights[key] ?? start(key, operation)
            flight.callers += 1
            flights[key] = flight
            return flight.outcome
        }
    }

    private func start(
        _ key: Key, _ operation: @escaping @Sendable () async throws -> Value
    ) -> Flight {
        var flight = Flight()
        flight.task = Task { [outcome = flight.outcome] in
            do {
                finish(key, outcome: outcome, with: .success(try await operation()))
            } catch {
                finish(key, outcome: outcome, with: .failure(error))
            }
        }
        return flight
    }

    private func finish(_ key: Key, outcome: AsyncCondition<Outcome?>, with result: Outcome) {
        let isKept =
            switch result {
            case .success: keepsResults
            case .failure(let error): keepsResults && keepsErrors && !(error is CancellationError)
            }
        flights.withLock { flights in
            if !isKept, flights[key]?.outcome === outcome { flights[key] = nil }
        }
        outcome.change { $0 = result }
    }

    private func leave(_ key: Key, _ outcome: AsyncCondition<Outcome?>) {
        let abandoned = flights.withLock { flights -> Flight? in
            guard flights[key]?.outcome === outcome, outcome.state == nil else { return nil }
            flights[key]?.callers -= 1
            return flights[key]?.callers == 0 ? flights.removeValue(forKey: key) : nil
        }
        abandoned?.task?.cancel()
    }
}
