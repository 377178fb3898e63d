// SPDX-License-Identifier: Apache-2.0

/// An asynchronous counting semaphore.
///
/// A released permit goes directly to the task that has waited longest.
public struct AsyncSemaphore: Sendable {
    private let free: AsyncCondition<Int>

    /// Creates a semaphore with `count` permits.
    public init(_ count: Int) {
        precondition(count > 0, "count must be positive")
        free = AsyncCondition(count, servesInOrder: true)
    }

    /// Runs `body` while holding a permit.
    ///
    /// - Throws: `CancellationError` if the task is canceled while it waits, or the error that
    ///   `body` throws.
    public func withPermit<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await free.take { free -> Void? in
            guard free > 0 else { return nil }
            free -= 1
            return ()
        }
        defer { free.change { $0 += 1 } }
        return try await body()
    }
}
