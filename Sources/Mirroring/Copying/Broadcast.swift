// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import AsyncPrimitives

/// One stream of bytes, read once and handed to several readers, at the pace of the slowest.
///
/// A few pieces are held at a time. A reader that leaves, for whatever reason, no longer holds up the
/// others; one that begins anew cannot join again, as what it missed is gone.
final class Broadcast: Sendable {
    /// How many pieces the fastest reader may be ahead of the slowest.
    static let window = 8

    private enum Reader {
        case expected
        /// It has read so many pieces.
        case reading(Int)
        /// It cannot be handed anything any more, and is still at work.
        case alone
        case gone(arrived: Bool)
    }

    private struct State {
        var readers: [Reader]
        /// The pieces that somebody has still to read, and the number of the first of them.
        var pieces: [[UInt8]] = []
        var first = 0
        var end: Result<Void, any Error>?

        /// The position of the slowest reader; nil where there is none.
        var slowest: Int? {
            readers.compactMap { if case .reading(let position) = $0 { position } else { nil } }
                .min()
        }

        /// Forgets what everybody has read.
        mutating func trim() {
            let needed = slowest ?? first + pieces.count
            guard needed > first else { return }
            pieces.removeFirst(min(needed - first, pieces.count))
            first = needed
        }
    }

    private let state: AsyncCondition<State>

    /// Makes a broadcast that waits for so many readers to join or leave before it begins.
    init(readers: Int) {
        state = AsyncCondition(State(readers: Array(repeating: .expected, count: readers)))
    }

    /// Joins; nil for a reader that has joined before.
    func join(_ number: Int) -> ByteStream? {
        var isFirst = false
        state.change { state in
            if case .expected = state.readers[number] {
                isFirst = true
                state.readers[number] = .reading(0)
            } else {
                state.readers[number] = .alone
                state.trim()
            }
        }
        return isFirst ? BroadcastStream(broadcast: self, number: number) : nil
    }

    /// Leaves, with or without the whole blob.
    func leave(_ number: Int, arrived: Bool) {
        state.change { state in
            state.readers[number] = .gone(arrived: arrived)
            state.trim()
        }
    }

    /// Waits for another reader that has got the whole blob; nil once there will be none.
    ///
    /// - Throws: `CancellationError`.
    func holder(besides number: Int) async throws -> Int? {
        try await state.take { state -> Int?? in
            var isWorthWaiting = false
            for (other, reader) in state.readers.enumerated() where other != number {
                switch reader {
                case .gone(arrived: true): return .some(other)
                case .expected, .reading: isWorthWaiting = true
                case .alone, .gone: break
                }
            }
            return isWorthWaiting ? nil : .some(nil)
        }
    }

    // MARK: The source

    /// Reads the stream for everybody who has joined, until its end or until nobody is left.
    ///
    /// - Throws: `CancellationError`; what the source throws, the readers get.
    func run(_ open: () async throws -> ByteStream) async throws {
        let isWanted = try await state.take { state -> Bool? in
            let isComplete = state.readers.allSatisfy {
                if case .expected = $0 { false } else { true }
            }
            return isComplete ? state.slowest != nil : nil
        }
        guard isWanted else { return }
        do {
            for try await piece in try await open() {
                guard try await hand(piece) else { return }
            }
            state.change { $0.end = .success(()) }
        } catch let error as CancellationError {
            state.change { $0.end = .failure(error) }
            throw error
        } catch {
            state.change { $0.end = .failure(error) }
        }
    }

    /// Waits until there is room for a piece; returns whether anybody is left.
    private func hand(_ piece: [UInt8]) async throws -> Bool {
        let isWanted = try await state.take { state -> Bool? in
            guard state.slowest != nil else { return false }
            guard state.pieces.count < Self.window else { return nil }
            state.pieces.append(piece)
            return true
        }
        state.change { _ in }
        return isWanted
    }

    /// The next piece for a reader; nil at the end.
    fileprivate func next(for number: Int) async throws -> [UInt8]? {
        let answer = try await state.take { state -> Result<[UInt8]?, any Error>? in
            guard case .reading(let position) = state.readers[number] else {
                return .failure(CancellationError())
            }
            if position - state.first < state.pieces.count {
                let piece = state.pieces[position - state.first]
                state.readers[number] = .reading(position + 1)
                state.trim()
                return .success(piece)
            }
            return state.end.map { end in end.map { nil } }
        }
        // Others may wait for the room that this made.
        state.change { _ in }
        return try answer.get()
    }
}

/// What one reader sees of a broadcast.
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
