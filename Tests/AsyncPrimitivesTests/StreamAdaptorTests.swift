// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Adaptors of byte streams` {
    private struct TestError: Error, Equatable {
        let number: Int
    }

    private typealias Stream = any AsyncSequence<[UInt8], any Error> & Sendable

    private static func stream(_ chunks: [[UInt8]], then error: TestError? = nil) -> Stream {
        AsyncThrowingStream { continuation in
            for chunk in chunks { continuation.yield(chunk) }
            continuation.finish(throwing: error)
        } as Stream
    }

    private static func collect(_ stream: Stream) async throws -> [[UInt8]] {
        try await stream.reduce(into: []) { $0.append($1) }
    }

    @Test func `an observer receives each chunk with its end, and the end of the stream`()
        async throws
    {
        let journal = Journal<[Int]>()
        let stream = ObservedStream(Self.stream([[1, 2], [], [3]])) { chunk, byteCount in
            journal.append([chunk?.count ?? -1, byteCount])
        }
        #expect(try await Self.collect(stream) == [[1, 2], [], [3]])
        #expect(journal.elements == [[2, 2], [0, 2], [1, 3], [-1, 3]])
    }

    @Test func `an observer can end the stream`() async throws {
        let stream = ObservedStream(Self.stream([[1], [2], [3]])) { _, byteCount in
            if byteCount == 2 { throw TestError(number: 2) }
        }
        var iterator = stream.makeAsyncIterator()
        #expect(try await iterator.next() == [1])
        await #expect(throws: TestError(number: 2)) { try await iterator.next() }
    }

    @Test func `an observer is not called for an error of the base`() async throws {
        let journal = Journal<Int>()
        let base = Self.stream([[1]], then: TestError(number: 1))
        let stream = ObservedStream(base) { _, byteCount in journal.append(byteCount) }
        await #expect(throws: TestError(number: 1)) { try await Self.collect(stream) }
        #expect(journal.elements == [1])
    }

    @Test func `an error is replaced, and chunks are not changed`() async throws {
        let base = Self.stream([[1], [2]], then: TestError(number: 1))
        let stream = ErrorMappingStream(base) { error in
            TestError(number: ((error as? TestError)?.number ?? 0) + 10)
        }
        var iterator = stream.makeAsyncIterator()
        #expect(try await iterator.next() == [1])
        #expect(try await iterator.next() == [2])
        await #expect(throws: TestError(number: 11)) { try await iterator.next() }
    }
}
