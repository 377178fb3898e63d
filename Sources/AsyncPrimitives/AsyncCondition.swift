// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Tasks that wait, in order, for something that other tasks bring about.
///
/// A cancelled task leaves the list at once and is told so; nobody is woken twice.
/// The state that the tasks wait for is guarded by the same lock as the list, so no wake-up is lost.
public final class AsyncCondition<State: Sendable>: Sendable {
    private struct Contents {
        var state: State
        var waiters: [Waiter] = []
        var lastID: UInt64 = 0
    }
    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }
    private enum Entry {
        case waits
        case free
        case cancelled
    }
    private let contents: Mutex<Contents>

    /// Makes a list for tasks that wait for a change of `state`.
    public init(_ state: State) {
        contents = Mutex(Contents(state: state))
    }

    /// Tries to take what it wants from the state, and waits for a wake-up as long as it cannot.
    ///
    /// - Parameter take: looks at the state and either changes it and returns a value, or returns
    ///   nil to wait. It runs under the lock and must be brief.
    /// - Returns: what `take` returned.
    /// - Throws: `CancellationError` where the task is cancelled before it got its turn.
    public func take<Value: Sendable>(
        _ take: @Sendable (inout State) -> Value?
    ) async throws -> Value {
        // A woken task looks before it asks whether it was cancelled: the wake-up it got would be
        // lost to the others if it left without a look.
        while true {
            let (value, id) = contents.withLock { contents -> (Value?, UInt64) in
                contents.lastID += 1
                return (take(&contents.state), contents.lastID)
            }
            if let value { return value }
            try await wait(id: id, unless: take)
        }
    }

    /// Changes the state and wakes the tasks that wait, the first ones first.
    ///
    /// - Parameters:
    ///   - count: how many are woken; nil wakes all.
    ///   - change: changes the state, under the lock.
    public func change(waking count: Int? = nil, _ change: (inout State) -> Void) {
        let woken = contents.withLock { contents -> [Waiter] in
            change(&contents.state)
            let woken = contents.waiters.prefix(count ?? .max)
            contents.waiters.removeFirst(woken.count)
            return Array(woken)
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// Enters the list, unless the state has changed since it was looked at.
    private func wait<Value: Sendable>(
        id: UInt64, unless take: @Sendable (inout State) -> Value?
    ) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let entry = contents.withLock { contents -> Entry in
                    guard !Task.isCancelled else { return .cancelled }
                    // A copy is tried, so that looking changes nothing.
                    var copy = contents.state
                    guard take(&copy) == nil else { return .free }
                    contents.waiters.append(Waiter(id: id, continuation: continuation))
                    return .waits
                }
                switch entry {
                case .waits: break
                case .free: continuation.resume()
                case .cancelled: continuation.resume(throwing: CancellationError())
                }
            }
        } onCancel: {
            let waiter = contents.withLock { contents -> Waiter? in
                contents.waiters.firstIndex { $0.id == id }.map { contents.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }
}
