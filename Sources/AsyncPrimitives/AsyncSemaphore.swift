// SPDX-License-Identifier: Apache-2.0

/// A number of places; who finds none free waits for one, in order of arrival.
public struct AsyncSemaphore: Sendable {
    private let free: AsyncCondition<Int>

    /// Makes `count` free places.
    public init(_ count: Int) {
        precondition(count > 0, "without a place nobody would ever get one")
        free = AsyncCondition(count)
    }

    /// Runs `body` while holding a place.
    ///
    /// - Throws: `CancellationError` where the task is cancelled while it waits, or what `body` threw.
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
