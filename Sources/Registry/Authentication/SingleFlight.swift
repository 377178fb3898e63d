// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// Runs one operation per key at a time and shares its result with all callers.
///
/// The operation belongs to none of the callers: a canceled caller leaves alone, and the operation
/// is canceled only when the last caller has left.
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Flight: Sendable {
        let key: Key
        var task: Task<Void, Never>?
        var waiters = 0
        var result: Result<Value, any Error>?
    }

    private struct Board: Sendable {
        /// The running operation of each key.
        var current: [Key: Int] = [:]
        var flights: [Int: Flight] = [:]
        var last = 0
    }

    private let board = AsyncCondition(Board())

    /// Returns the result of `work` for a key, joining an operation that is already running.
    ///
    /// - Throws: The error of the operation, or `CancellationError` for this caller only.
    func value(
        for key: Key, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let number = join(key, work)
        defer { leave(number) }
        return try await board.take { $0.flights[number]?.result }.get()
    }

    private func join(
        _ key: Key, _ work: @escaping @Sendable () async throws -> Value
    ) -> Int {
        var number = 0
        board.change(waking: 0) { board in
            if let current = board.current[key] {
                number = current
            } else {
                board.last += 1
                number = board.last
                board.current[key] = number
                board.flights[number] = Flight(key: key, task: start(number, work))
            }
            board.flights[number]?.waiters += 1
        }
        return number
    }

    private func start(
        _ number: Int, _ work: @escaping @Sendable () async throws -> Value
    ) -> Task<Void, Never> {
        Task {
            do {
                let value = try await work()
                land(number, .success(value))
            } catch {
                land(number, .failure(error))
            }
        }
    }

    private func land(_ number: Int, _ result: Result<Value, any Error>) {
        board.change { board in
            guard let key = board.flights[number]?.key else { return }
            board.flights[number]?.result = result
            board.current[key] = nil
        }
    }

    private func leave(_ number: Int) {
        board.change(waking: 0) { board in
            guard var flight = board.flights[number] else { return }
            flight.waiters -= 1
            board.flights[number] = flight.waiters > 0 ? flight : nil
            guard flight.waiters == 0, flight.result == nil else { return }
            flight.task?.cancel()
            board.current[flight.key] = nil
        }
    }
}
