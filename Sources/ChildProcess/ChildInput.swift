// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// Bytes on their way into a child, at the child's pace.
public final class ChildInput: Sendable {
    private struct Queue: Sendable {
        var pieces: [[UInt8]] = []
        var byteCount = 0
        var isEnded = false
        /// Whether nobody will read any more.
        var isClosed = false
        var alarm: WakeupPipe?
    }

    enum Next {
        case bytes([UInt8])
        case nothingYet
        case end
    }

    /// How many bytes may wait before the writer has to.
    private static let room = 512 << 10

    private let queue: AsyncCondition<Queue>
    /// Whether pieces come while the child runs.
    let isStreamed: Bool

    /// Makes an input for pieces that are still to come.
    public init() {
        isStreamed = true
        queue = AsyncCondition(Queue())
    }

    /// All that there is to read.
    init(whole bytes: [UInt8]) {
        isStreamed = false
        queue = AsyncCondition(
            Queue(pieces: bytes.isEmpty ? [] : [bytes], byteCount: bytes.count, isEnded: true))
    }

    /// Hands over a piece, and waits while the child has enough to read.
    ///
    /// What a child does not read any more is passed over in silence: its end says why.
    ///
    /// - Throws: `CancellationError`.
    public func write(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        let alarm = try await queue.take { queue -> WakeupPipe?? in
            if queue.isClosed || queue.isEnded { return .some(nil) }
            guard queue.byteCount < Self.room else { return nil }
            queue.pieces.append(bytes)
            queue.byteCount += bytes.count
            return .some(queue.pieces.count == 1 ? queue.alarm : nil)
        }
        alarm?.ring(.fed)
    }

    /// Says that nothing follows.
    public func end() {
        var alarm: WakeupPipe?
        queue.change {
            guard !$0.isEnded else { return }
            $0.isEnded = true
            alarm = $0.alarm
        }
        alarm?.ring(.fed)
    }

    /// Who is to be woken when there is something to read.
    func attach(_ alarm: WakeupPipe) {
        queue.change { $0.alarm = alarm }
    }

    /// The next piece.
    func next() -> Next {
        var next = Next.nothingYet
        queue.change {
            if $0.pieces.isEmpty {
                if $0.isEnded { next = .end }
            } else {
                let bytes = $0.pieces.removeFirst()
                $0.byteCount -= bytes.count
                next = .bytes(bytes)
            }
        }
        return next
    }

    /// Drops what is left, and holds no writer up any more.
    func close() {
        queue.change {
            $0.isClosed = true
            $0.pieces = []
            $0.byteCount = 0
            $0.alarm = nil
        }
    }
}
