// SPDX-License-Identifier: Apache-2.0

/// An asynchronous counting semaphore.
///
/// A released permit goes directly to the task that has waited longest.
public struct AsyncSemaphore: Sendable {
    private let free: AsyncCondition<Int>
    private let total: Int

    /// Creates a semaphore with `count` permits.
    public init(_ count: Int) {
        precondition(count > 0, "count must be positive")
        free = AsyncCondition(count, servesInOrder: true)
        total = count
    }

    /// Runs `body` while holding one permit.
    ///
    /// - Throws: `CancellationError` if the task is canceled while it waits, or the error that
    ///   `body` throws.
    public func withPermit<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await withPermits(1, body)
    }

    /// Runs `body` while holding permits.
    ///
    /// - Parameters:
    ///   - count: The number of permits, which must not exceed that of the semaphore.
    ///   - body: The operation.
    /// - Returns: The result of `body`.
    /// - Throws: `CancellationError` if the task is canceled while it waits, or the error that
    ///   `body` throws.
    public func withPermits<Value>(
        _ count: Int, _ body: () async throws -> Value
    ) async throws -> Value {
        precondition((1...total).contains(count), "count must be at most that of the semaphore")
        try await free.take { free -> Void? in
            guard free >= count else { return nil }
            free -= count
            return ()
        }
        defer { free.change { $0 += count } }
        return try await body()
    }
}
