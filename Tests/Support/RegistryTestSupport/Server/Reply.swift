// SPDX-License-Identifier: Apache-2.0

/// An answer to a request.
///
/// A HEAD gets the headers of the same answer.
public struct Reply: Sendable {
    /// The status.
    public var status: Int
    /// The header fields, without those that frame the body.
    public var headers: HeaderFields
    /// The body.
    public var body: Bytes
    /// Whether `Content-Length` says how long the body is; otherwise it is sent in chunks.
    public var announcesLength = true
    /// Where the connection is dropped inside the body; nil where it is sent whole.
    public var cut: Int?
    /// Bytes of the body that are sent with their lowest bit flipped.
    public var flipped: Set<Int> = []

    /// Makes an answer.
    public init(_ status: Int, _ headers: HeaderFields = [:], body: Bytes = Bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Bytes that are in memory, or are made when they are read.
public struct Bytes: Sendable {
    private enum Storage {
        /// Pieces as they arrived, each with where it starts.
        case pieces([[UInt8]], starts: [Int])
        case generated(GeneratedBytes)
        /// Only their number is known.
        case discarded
    }

    /// How many they are.
    public let count: Int
    private let storage: Storage
    private let offset: Int

    private init(_ storage: Storage, count: Int, offset: Int = 0) {
        self.storage = storage
        self.count = count
        self.offset = offset
    }

    /// Bytes in one piece.
    public init(_ bytes: [UInt8]) {
        self.init(pieces: bytes.isEmpty ? [] : [bytes])
    }

    /// The bytes of a text.
    public init(_ text: String) {
        self.init(Array(text.utf8))
    }

    /// Bytes in the pieces in which they arrived.
    init(pieces: [[UInt8]]) {
        var starts: [Int] = []
        var count = 0
        for piece in pieces {
            starts.append(count)
            count += piece.count
        }
        self.init(.pieces(pieces, starts: starts), count: count)
    }

    /// Bytes that are made when they are read.
    public init(_ generated: GeneratedBytes) {
        self.init(.generated(generated), count: generated.count)
    }

    /// Bytes that nobody kept.
    init(discarded count: Int) {
        self.init(.discarded, count: count)
    }

    /// Whether only the number of bytes is known.
    var isDiscarded: Bool {
        if case .discarded = storage { true } else { false }
    }

    /// A range of the bytes.
    func slice(_ range: Range<Int>) -> Bytes {
        Bytes(storage, count: range.count, offset: offset + range.lowerBound)
    }

    /// Some of the bytes from `position` on: at least one where there are any left, at most `limit`.
    func read(from position: Int, limit: Int) -> [UInt8] {
        let wanted = min(limit, count - position)
        guard wanted > 0 else { return [] }
        let start = offset + position
        switch storage {
        case .pieces(let pieces, let starts):
            let index = (starts.partitioningIndex { $0 > start }) - 1
            let piece = pieces[index]
            let first = start - starts[index]
            return Array(piece[first..<min(piece.count, first + wanted)])
        case .generated(let generated):
            return generated.read(from: start, limit: wanted)
        case .discarded:
            return [UInt8](repeating: 0, count: wanted)
        }
    }

    /// All the bytes in one piece.
    var contiguous: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            bytes += read(from: bytes.count, limit: count)
        }
        return bytes
    }
}

extension [Int] {
    /// The first position whose element satisfies what all later ones satisfy too.
    fileprivate func partitioningIndex(_ isBehind: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
