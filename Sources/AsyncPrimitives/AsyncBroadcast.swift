// SPDX-License-Identifier: Apache-2.0

/// A sequence that is read once and delivered to several readers, at the pace of the slowest.
///
/// A few elements are buffered. A reader that leaves no longer delays the others. A reader that
/// restarts cannot join again, because the elements that it missed are no longer buffered.
public final class AsyncBroadcast<Element: Sendable>: Sendable {
    /// A sequence of the elements.
    public typealias Source = any AsyncSequence<Element, any Error> & Sendable

    /// The maximum number of elements by which the fastest reader is ahead of the slowest.
    private let window: Int

    private enum Reader: Sendable {
        case expected
        /// The number of elements that the reader has read.
        case reading(Int)
        /// The reader has restarted and reads from another source.
        case detached
        case left(isComplete: Bool)
    }

    private struct State: Sendable {
        var readers: [Reader]
        /// The buffered elements, which at least one reader has still to read.
        var buffer: [Element] = []
        /// The position of the first buffered element.
        var start = 0
        var end: Result<Void, any Error>?

        /// The position of the slowest reader, or `nil` if there is none.
        var slowestPosition: Int? {
            readers.compactMap { if case .reading(let position) = $0 { position } else { nil } }
                .min()
        }

        /// Removes the elements that all readers have read.
        mutating func trim() {
            let needed = slowestPosition ?? start + buffer.count
            guard needed > start else { return }
            buffer.removeFirst(min(needed - start, buffer.count))
            start = needed
        }
    }

    private let state: AsyncCondition<State>

    /// Creates a broadcast that starts when all readers have joined or left.
    ///
    /// - Parameters:
    ///   - readers: The number of readers, which are numbered from 0.
    ///   - window: The maximum number of elements by which the fastest reader is ahead of the
    ///     slowest.
    public init(readers: Int, window: Int = 2) {
        precondition(window > 0, "window must be positive")
        self.window = window
        state = AsyncCondition(State(readers: Array(repeating: .expected, count: readers)))
    }

    // MARK: The readers

    /// Returns the sequence for a reader, or `nil` if the reader has joined before.
    public func join(_ number: Int) -> Source? {
        let isFirst = state.change { state in
            if case .expected = state.readers[number] {
                state.readers[number] = .reading(0)
                return true
            }
            state.readers[number] = .detached
            state.trim()
            return false
        }
        return isFirst ? Elements(broadcast: self, number: number) : nil
    }

    /// Removes a reader, whether or not it received all elements.
    public func leave(_ number: Int, isComplete: Bool) {
        state.change { state in
            state.readers[number] = .left(isComplete: isComplete)
            state.trim()
        }
    }

    /// Waits for another reader to receive all elements and returns its number, or `nil` if none
    /// will.
    ///
    /// - Throws: `CancellationError`.
    public func completedReader(besides number: Int) async throws -> Int? {
        try await state.take { state -> Int?? in
            var canComplete = false
            for (other, reader) in state.readers.enumerated() where other != number {
                switch reader {
                case .left(isComplete: true): return .some(other)
                case .expected, .reading: canComplete = true
                case .detached, .left: break
                }
            }
            return canComplete ? nil : .some(nil)
        }
    }

    /// Returns the next element for a reader, or `nil` at the end.
    fileprivate func next(for number: Int) async throws -> Element? {
        try await state.take { state -> Result<Element?, any Error>? in
            guard case .reading(let position) = state.readers[number] else {
                return .failure(CancellationError())
            }
            if position - state.start < state.buffer.count {
                let element = state.buffer[position - state.start]
                state.readers[number] = .reading(position + 1)
                state.trim()
                return .success(element)
            }
            return state.end.map { end in end.map { nil } }
        }.get()
    }

    // MARK: The source

    /// Reads the source for all readers that have joined, until its end or until no reader is left.
    ///
    /// - Throws: `CancellationError`. Errors of the source are thrown to the readers.
    public func run(_ open: () async throws -> Source) async throws {
        let hasReaders = try await state.take { state -> Bool? in
            let isComplete = state.readers.allSatisfy {
                if case .expected = $0 { false } else { true }
            }
            return isComplete ? state.slowestPosition != nil : nil
        }
        guard hasReaders else { return }
        do {
            for try await element in try await open() {
                guard try await append(element) else { return }
            }
            // A source may end without an error if its task is canceled.
            try Task.checkCancellation()
            state.change { $0.end = .success(()) }
        } catch let error as CancellationError {
            state.change { $0.end = .failure(error) }
            throw error
        } catch {
            state.change { $0.end = .failure(error) }
        }
    }

    /// Waits until the buffer has space, appends an element and returns whether a reader is left.
    private func append(_ element: Element) async throws -> Bool {
        try await state.take { [window] state -> Bool? in
            guard state.slowestPosition != nil else { return false }
            guard state.buffer.count < window else { return nil }
            state.buffer.append(element)
            return true
        }
    }
}

/// The elements for one reader of a broadcast.
private struct Elements<Element: Sendable>: AsyncSequence, Sendable {
    let broadcast: AsyncBroadcast<Element>
    let number: Int

    func makeAsyncIterator() -> Iterator { Iterator(broadcast: broadcast, number: number) }

    struct Iterator: AsyncIteratorProtocol {
        let broadcast: AsyncBroadcast<Element>
        let number: Int

        mutating func next() async throws -> Element? { try await broadcast.next(for: number) }
    }
}
