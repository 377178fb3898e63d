// SPDX-License-Identifier: Apache-2.0

import HTTP
import RegistryTestSupport

extension WireServer {
    /// Returns the address of a path at this server.
    func url(_ target: String) throws -> HTTPURL {
        try HTTPURL(Origin(scheme: .http, host: "127.0.0.1", port: port), target: target)
    }
}

/// A checksum in which the order of bytes counts.
struct ByteSum {
    private(set) var value: UInt64 = 0

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value &* 31) &+ UInt64(byte) &+ 1 }
    }
}

/// A stream of bytes that are never held all at once.
struct Pattern: AsyncSequence, Sendable {
    let count: Int
    let piece: Int

    var sum: UInt64 {
        var sum = ByteSum()
        for start in stride(from: 0, to: count, by: piece) { sum.add(bytes(from: start)) }
        return sum.value
    }

    func bytes(from start: Int) -> [UInt8] {
        (start..<Swift.min(start + piece, count)).map {
            UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8)
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(pattern: self) }

    struct Iterator: AsyncIteratorProtocol {
        let pattern: Pattern
        var next = 0

        mutating func next() async throws -> [UInt8]? {
            guard next < pattern.count else { return nil }
            defer { next += pattern.piece }
            return pattern.bytes(from: next)
        }
    }
}
