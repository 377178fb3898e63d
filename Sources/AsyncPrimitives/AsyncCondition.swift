// SPDX-License-Identifier: Apache-2.0

/// State that tasks wait on until other tasks change it, first come, first served.
///
/// A change hands what a waiting task needs directly to it, under the lock and in the order of
/// arrival. A task is resumed only once it has its value, and no later task can take it first.
/// A canceled task stops waiting at once.
public final class AsyncCondition<State: Sendable>: Sendable {
    private typealias Resumption = @Sendable () -> Void

    private struct Waiter {
        let id: UInt64
        /// Takes the value from the state and returns the resumption of the task, or `nil`.
        let take: @Sendable (inout State) -> Resumption?
        let cancel: Resumption

        init<Value: Sendable>(
            _ id: UInt64, continuation: CheckedContinuation<Value, any Error>,
            take: @escaping @Sendable (inout State) -> Value?
        ) {
            self.id = id
            self.take = { state in
                guard let value = take(&state) else { return nil }
                return { continuation.resume(returning: value) }
            }
            self.cancel = { continuation.resume(throwing: CancellationError()) }
        }
    }

    private struct Contents {
        var state: State
        var waiters = Queue<Waiter>()
        var lastID: UInt64 = 0

        /// Removes the waiters that can take their values now, and returns their resumptions.
        ///
        /// - Parameter inOrder: A Boolean value that indicates whether a waiter that cannot take its
        ///   value keeps all later ones waiting.
        /// - Returns: The resumptions.
        mutating func serve(inOrder: Bool) -> [Resumption] {
            var resumptions: [Resumption] = []
            var position = 0
            while position < waiters.count {
                let take = waiters[position].take
                if let resumption = take(&state) {
                    resumptions.append(resumption)
                    waiters.remove(at: position)
                    // An earlier waiter may need what this one changed.
                    position = 0
                } else if inOrder {
                    break
                } else {
                    position += 1
                }
            }
            return resumptions
        }
    }

    private let contents: Mutex<Contents>
    private let servesInOrder: Bool

    /// Creates a condition.
    ///
    /// - Parameters:
    ///   - state: The state.
    ///   - servesInOrder: A Boolean value that indicates whether all tasks wait for the same, so that
    ///     a task waits while an earlier one does. A change then costs the same however many tasks
    ///     wait.
    public init(_ state: State, servesInOrder: Bool = false) {
        contents = Mutex(Contents(state: state))
        self.servesInOrder = servesInOrder
    }

    /// The current state.
    public var state: State { contents.withLock { $0.state } }

    /// Waits until `take` returns a value.
    ///
    /// - Parameter take: A closure that changes the state and returns a value, or returns `nil` and
    ///   leaves the state unchanged. It runs under the lock, in any task, and must be brief.
    /// - Returns: The value that `take` returned.
    /// - Throws: `CancellationError` if the task is canceled before `take` returned a value.
    @discardableResult
    public func take<Value: Sendable>(
        _ take: @escaping @Sendable (inout State) -> Value?
    ) async throws -> Value {
        if let value = takeNow(take) { return value }
        let id = contents.withLock { contents in
            contents.lastID += 1
            return contents.lastID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                add(Waiter(id, continuation: continuation, take: take))
            }
        } onCancel: {
            cancel(id)
        }
    }

    /// Changes the state and resumes the waiting tasks that can take their values then.
    ///
    /// - Parameter change: A closure that changes the state, under the lock.
    /// - Returns: The result of `change`.
    @discardableResult
    public func change<Value: Sendable>(_ change: (inout State) -> Value) -> Value {
        let (value, resumptions) = contents.withLock { contents in
            let value = change(&contents.state)
            return (value, contents.serve(inOrder: servesInOrder))
        }
        for resume in resumptions { resume() }
        return value
    }

    /// Takes a value without waiting, unless an earlier task waits for its turn.
    private func takeNow<Value: Sendable>(
        _ take: @Sendable (inout State) -> Value?
    ) -> Value? {
        let (value, resumptions) = contents.withLock { contents -> (Value?, [Resumption]) in
            guard !servesInOrder || contents.waiters.isEmpty else { return (nil, []) }
            guard let value = take(&contents.state) else { return (nil, []) }
            return (value, contents.serve(inOrder: servesInOrder))
        }
        for resume in resumptions { resume() }
        return value
    }

    /// Adds a waiter, unless its task is canceled or the state has changed since it tried.
    private func add(_ waiter: Waiter) {
        let resumptions = contents.withLock { contents in
            guard !Task.isCancelled else { return [waiter.cancel] }
            contents.waiters.append(waiter)
            return contents.serve(inOrder: servesInOrder)
        }
        for resume in resumptions { resume() }
    }

    /// Removes the waiter of a canceled task, unless it has its value.
    private func cancel(_ id: UInt64) {
        let resumptions = contents.withLock { contents -> [Resumption] in
            guard let position = contents.waiters.firstPosition(where: { $0.id == id }) else {
                return []
            }
            let waiter = contents.waiters.remove(at: position)
            // The others may have waited for this one only.
            return [waiter.cancel]
                + (servesInOrder ? contents.serve(inOrder: servesInOrder) : [])
        }
        for resume in resumptions { resume() }
    }
}
