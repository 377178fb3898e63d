// SPDX-License-Identifier: Apache-2.0

/// An asynchronous counting semaphore.
///
/// Tasks acquire it in the order of their arrival.
public struct AsyncSemaphore: Sendable {
    private let free: AsyncCondition<Int>

    /// Creates a semaphore with `count` permits.
    public init(_ count: Int) {
        precondition(count > 0, "a semaphore needs at least one permit")
        free = AsyncCondition(count)
    }

    /// Runs `body` while holding a permit.
    ///
    /// - Throws: `CancellationError` if the task is canceled while it waits, or the error that
    ///   `body` throws.
    public func withSlot<Value>(_ body: () async throws -> Value) async throws -> Value {
        _ = try await free.take { free -> Bool? in
            guard free > 0 else { return nil }
            free -= 1
            return true
        }
        defer { free.change(waking: 1) { $0 += 1 } }
        return try await body()
    }
}
