// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// State that tasks wait on until other tasks change it, first come, first served.
///
/// A canceled task stops waiting at once. The state and the list of waiting tasks are guarded by
/// the same lock, so no wakeup is lost and no task is resumed twice.
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

    /// Creates a condition over `state`.
    public init(_ state: State) {
        contents = Mutex(Contents(state: state))
    }

    /// Waits until `take` returns a value.
    ///
    /// - Parameter take: A closure that changes the state and returns a value, or returns `nil` to
    ///   wait. It runs under the lock and must be brief.
    /// - Returns: The value that `take` returned.
    /// - Throws: `CancellationError` if the task is canceled before `take` returned a value.
    public func take<Value: Sendable>(
        _ take: @Sendable (inout State) -> Value?
    ) async throws -> Value {
        // A resumed task tries `take` before it checks for cancellation; otherwise its wakeup would
        // be lost to the tasks behind it.
        while true {
            let (value, id) = contents.withLock { contents -> (Value?, UInt64) in
                contents.lastID += 1
                return (take(&contents.state), contents.lastID)
            }
            if let value { return value }
            try await wait(id: id, unless: take)
        }
    }

    /// Changes the state and resumes waiting tasks, in the order in which they began to wait.
    ///
    /// - Parameters:
    ///   - count: The number of tasks to resume, or `nil` for all.
    ///   - change: A closure that changes the state, under the lock.
    public func change(waking count: Int? = nil, _ change: (inout State) -> Void) {
        let woken = contents.withLock { contents -> [Waiter] in
            change(&contents.state)
            let woken = contents.waiters.prefix(count ?? .max)
            contents.waiters.removeFirst(woken.count)
            return Array(woken)
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// Adds the task to the list unless the state has changed since `take` last ran.
    private func wait<Value: Sendable>(
        id: UInt64, unless take: @Sendable (inout State) -> Value?
    ) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let entry = contents.withLock { contents -> Entry in
                    guard !Task.isCancelled else { return .cancelled }
                    // `take` runs on a copy, so that a failed attempt changes nothing.
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
