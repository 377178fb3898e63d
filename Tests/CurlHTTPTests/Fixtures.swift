// SPDX-License-Identifier: Apache-2.0

import HTTP
import RegistryTestSupport

extension WireServer {
    /// Returns the URL of a path at this server.
    func url(_ target: String) throws -> HTTPURL {
        try HTTPURL(Origin(scheme: .http, host: "127.0.0.1", port: port), target: target)
    }
}

extension HTTPTimeouts {
    /// Timeouts for a server that waits for the test's own task, which may be late on a busy host.
    static let patient = HTTPTimeouts(firstByte: .seconds(3600), idle: .seconds(3600))
}

/// A checksum that depends on the order of bytes.
struct ByteSum {
    private(set) var value: UInt64 = 0

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value &* 31) &+ UInt64(byte) &+ 1 }
    }
}

/// A stream of bytes that are never in memory at once.
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

/// A value that another thread sets later.
final class Signal<Value: Sendable>: Sendable {
    private let stream: AsyncStream<Value>
    private let source: AsyncStream<Value>.Continuation

    init() {
        (stream, source) = AsyncStream.makeStream()
    }

    func send(_ value: Value) {
        source.yield(value)
    }

    var value: Value {
        get async {
            for await value in stream { return value }
            preconditionFailure("a signal is sent before it is released")
        }
    }
}

/// A source that counts the bytes that were read from it.
struct Counted: AsyncSequence, Sendable {
    let pieces: Int
    let size: Int
    let report: @Sendable (Int) -> Void

    init(pieces: Int, size: Int, report: @escaping @Sendable (Int) -> Void) {
        self.pieces = pieces
        self.size = size
        self.report = report
    }

    func makeAsyncIterator() -> Iterator { Iterator(source: self) }

    struct Iterator: AsyncIteratorProtocol {
        let source: Counted
        var count = 0

        mutating func next() async throws -> [UInt8]? {
            try Task.checkCancellation()
            guard count < source.pieces else { return nil }
            count += 1
            source.report(count * source.size)
            return [UInt8](repeating: 1, count: source.size)
        }
    }
}

/// The error of ``Failing``.
struct SourceError: Error, Equatable {}

/// A source that fails after some chunks.
struct Failing: AsyncSequence, Sendable {
    let pieces: Int

    func makeAsyncIterator() -> Iterator { Iterator(rest: pieces) }

    struct Iterator: AsyncIteratorProtocol {
        var rest: Int

        mutating func next() async throws -> [UInt8]? {
            guard rest > 0 else { throw SourceError() }
            rest -= 1
            return [1, 2, 3]
        }
    }
}
