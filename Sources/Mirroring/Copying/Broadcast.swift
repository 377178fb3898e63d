// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import AsyncPrimitives

/// One byte stream that is read once and delivered to several readers, at the pace of the slowest.
///
/// A few chunks are buffered. A reader that leaves no longer delays the others. A reader that
/// restarts cannot join again, because the chunks that it missed are no longer buffered.
final class Broadcast: Sendable {
    /// The maximum number of chunks by which the fastest reader is ahead of the slowest.
    static let window = 8

    private enum Reader {
        case expected
        /// The number of chunks that the reader has read.
        case reading(Int)
        /// The reader has restarted and reads from another source.
        case detached
        case left(isComplete: Bool)
    }

    private struct State {
        var readers: [Reader]
        /// The buffered chunks, which at least one reader has still to read.
        var chunks: [[UInt8]] = []
        var firstChunk = 0
        var end: Result<Void, any Error>?

        /// The position of the slowest reader; nil where there is none.
        var slowestPosition: Int? {
            readers.compactMap { if case .reading(let position) = $0 { position } else { nil } }
                .min()
        }

        /// Removes the chunks that all readers have read.
        mutating func trim() {
            let needed = slowestPosition ?? firstChunk + chunks.count
            guard needed > firstChunk else { return }
            chunks.removeFirst(min(needed - firstChunk, chunks.count))
            firstChunk = needed
        }
    }

    private let state: AsyncCondition<State>

    /// Creates a broadcast that starts when all `readers` have joined or left.
    init(readers: Int) {
        state = AsyncCondition(State(readers: Array(repeating: .expected, count: readers)))
    }

    /// Returns the stream for a reader, or `nil` if the reader has joined before.
    func join(_ number: Int) -> ByteStream? {
        var isFirst = false
        state.change { state in
            if case .expected = state.readers[number] {
                isFirst = true
                state.readers[number] = .reading(0)
            } else {
                state.readers[number] = .detached
                state.trim()
            }
        }
        return isFirst ? BroadcastStream(broadcast: self, number: number) : nil
    }

    /// Removes a reader, whether or not it received the whole blob.
    func leave(_ number: Int, isComplete: Bool) {
        state.change { state in
            state.readers[number] = .left(isComplete: isComplete)
            state.trim()
        }
    }

    /// Waits for another reader to receive the whole blob and returns its number, or `nil` if none
    /// will.
    ///
    /// - Throws: `CancellationError`.
    func completedReader(besides number: Int) async throws -> Int? {
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

    // MARK: The source

    /// Reads the stream for all readers that have joined, until its end or until no reader is left.
    ///
    /// - Throws: `CancellationError`. Errors of the source are thrown to the readers.
    func run(_ open: () async throws -> ByteStream) async throws {
        let hasReaders = try await state.take { state -> Bool? in
            let isComplete = state.readers.allSatisfy {
                if case .expected = $0 { false } else { true }
            }
            return isComplete ? state.slowestPosition != nil : nil
        }
        guard hasReaders else { return }
        do {
            for try await chunk in try await open() {
                guard try await append(chunk) else { return }
            }
            state.change { $0.end = .success(()) }
        } catch let error as CancellationError {
            state.change { $0.end = .failure(error) }
            throw error
        } catch {
            state.change { $0.end = .failure(error) }
        }
    }

    /// Waits until the buffer has space, appends a chunk and returns whether a reader is left.
    private func append(_ chunk: [UInt8]) async throws -> Bool {
        let hasReaders = try await state.take { state -> Bool? in
            guard state.slowestPosition != nil else { return false }
            guard state.chunks.count < Self.window else { return nil }
            state.chunks.append(chunk)
            return true
        }
        state.change { _ in }
        return hasReaders
    }

    /// Returns the next chunk for a reader, or `nil` at the end.
    fileprivate func next(for number: Int) async throws -> [UInt8]? {
        let result = try await state.take { state -> Result<[UInt8]?, any Error>? in
            guard case .reading(let position) = state.readers[number] else {
                return .failure(CancellationError())
            }
            if position - state.firstChunk < state.chunks.count {
                let chunk = state.chunks[position - state.firstChunk]
                state.readers[number] = .reading(position + 1)
                state.trim()
                return .success(chunk)
            }
            return state.end.map { end in end.map { nil } }
        }
        // The task that reads the source may wait for this space.
        state.change { _ in }
        return try result.get()
    }
}

/// The stream of one reader of a broadcast.
private struct BroadcastStream: AsyncSequence, Sendable {
    let broadcast: Broadcast
    let number: Int

    func makeAsyncIterator() -> Iterator { Iterator(broadcast: broadcast, number: number) }

    struct Iterator: AsyncIteratorProtocol {
        let broadcast: Broadcast
        let number: Int

        mutating func next() async throws -> [UInt8]? { try await broadcast.next(for: number) }
    }
}
