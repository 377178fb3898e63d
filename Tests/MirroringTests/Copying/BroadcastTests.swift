// SPDX-License-Identifier: Apache-2.0

import Content
import Synchronization
import Testing
import AsyncPrimitives

@testable import Mirroring

@Suite struct `Broadcast of one stream to several readers` {
    /// A source that counts the chunks that were read and can fail.
    private final class Source: Sendable {
        let chunks: [[UInt8]]
        let failsAt: Int?
        private let count = Mutex((opened: 0, read: 0))

        init(_ number: Int, failsAt: Int? = nil) {
            chunks = (0..<number).map { [UInt8(truncatingIfNeeded: $0)] }
            self.failsAt = failsAt
        }

        var opened: Int { count.withLock { $0.opened } }
        var read: Int { count.withLock { $0.read } }

        func open() -> ByteStream {
            count.withLock { $0.opened += 1 }
            return AsyncThrowingStream { [self] in
                let position = count.withLock { count in
                    count.read += 1
                    return count.read - 1
                }
                if position == failsAt { throw ContentError(.unavailable, "connection reset") }
                return position < chunks.count ? chunks[position] : nil
            } as ByteStream
        }
    }

    private static func collect(_ stream: ByteStream) async throws -> Int {
        var count = 0
        for try await chunk in stream { count += chunk.count }
        return count
    }

    @Test(arguments: [0, 1, 7, 8, 9, 100], [2, 3])
    func `delivers every chunk to every reader and opens its source once`(
        chunks: Int, readers: Int
    ) async throws {
        let (source, broadcast) = (Source(chunks), Broadcast(readers: readers))
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<readers {
                group.addTask {
                    defer { broadcast.leave(number, isComplete: true) }
                    let stream = try #require(broadcast.join(number))
                    return try await Self.collect(stream)
                }
            }
            group.addTask {
                try await broadcast.run { source.open() }
                return chunks
            }
            for try await count in group { #expect(count == chunks) }
        }
        #expect(source.opened == 1)
    }

    @Test func `does not read ahead of the slowest reader by more than the window`() async throws {
        let (source, broadcast) = (Source(100), Broadcast(readers: 2))
        let quick = try #require(broadcast.join(0))
        let slow = try #require(broadcast.join(1))
        let hasRead = AsyncCondition(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await broadcast.run { source.open() } }
            group.addTask {
                for try await _ in quick { hasRead.change { $0 += 1 } }
            }
            _ = try await hasRead.take { $0 == Broadcast.window ? true : nil }
            // The task that reads the source holds one more chunk until the window has space.
            #expect(source.read <= Broadcast.window + 1)
            #expect(try await Self.collect(slow) == 100)
            try await group.waitForAll()
        }
    }

    @Test func `continues without a reader that leaves`() async throws {
        let (source, broadcast) = (Source(100), Broadcast(readers: 2))
        let stays = try #require(broadcast.join(0))
        _ = broadcast.join(1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await broadcast.run { source.open() } }
            group.addTask {
                let count = try await Self.collect(stays)
                #expect(count == 100)
            }
            broadcast.leave(1, isComplete: false)
            try await group.waitForAll()
        }
    }

    @Test func `does not open the source if all readers have left`() async throws {
        let (source, broadcast) = (Source(3), Broadcast(readers: 2))
        for number in 0..<2 { broadcast.leave(number, isComplete: true) }
        try await broadcast.run { source.open() }
        #expect(source.opened == 0)
    }

    @Test func `throws the error of the source to every reader`() async throws {
        let (source, broadcast) = (Source(10, failsAt: 4), Broadcast(readers: 2))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<2 {
                let stream = try #require(broadcast.join(number))
                group.addTask {
                    await #expect(throws: ContentError.self) {
                        _ = try await Self.collect(stream)
                    }
                    broadcast.leave(number, isComplete: false)
                }
            }
            group.addTask { try await broadcast.run { source.open() } }
            try await group.waitForAll()
        }
    }

    @Test func `a reader that restarts reads from another reader that is complete`() async throws {
        let broadcast = Broadcast(readers: 3)
        for number in 0..<3 { _ = broadcast.join(number) }
        #expect(broadcast.join(0) == nil, "the missed chunks are no longer buffered")
        broadcast.leave(1, isComplete: false)
        async let completed = broadcast.completedReader(besides: 0)
        broadcast.leave(2, isComplete: true)
        #expect(try await completed == 2)
    }

    @Test func `readers that all restart do not wait for each other`() async throws {
        let broadcast = Broadcast(readers: 2)
        for number in [0, 1, 0, 1] { _ = broadcast.join(number) }
        #expect(try await broadcast.completedReader(besides: 0) == nil)
        #expect(try await broadcast.completedReader(besides: 1) == nil)
    }
}
