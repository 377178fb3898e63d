// SPDX-License-Identifier: Apache-2.0

import Content
import Synchronization
import Testing
import AsyncPrimitives

@testable import Mirroring

@Suite struct BroadcastTests {
    /// A source that counts the pieces that were asked for, and may break.
    private final class Source: Sendable {
        let pieces: [[UInt8]]
        let breaksAt: Int?
        private let count = Mutex((opened: 0, read: 0))

        init(_ number: Int, breaksAt: Int? = nil) {
            pieces = (0..<number).map { [UInt8(truncatingIfNeeded: $0)] }
            self.breaksAt = breaksAt
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
                if position == breaksAt { throw ContentError(.unavailable, "it broke") }
                return position < pieces.count ? pieces[position] : nil
            } as ByteStream
        }
    }

    private static func collect(_ stream: ByteStream) async throws -> Int {
        var count = 0
        for try await piece in stream { count += piece.count }
        return count
    }

    @Test(arguments: [0, 1, 7, 8, 9, 100], [2, 3])
    func `hands every piece to every reader, and opens its source once`(
        pieces: Int, readers: Int
    ) async throws {
        let (source, broadcast) = (Source(pieces), Broadcast(readers: readers))
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<readers {
                group.addTask {
                    defer { broadcast.leave(number, arrived: true) }
                    let stream = try #require(broadcast.join(number))
                    return try await Self.collect(stream)
                }
            }
            group.addTask {
                try await broadcast.run { source.open() }
                return pieces
            }
            for try await count in group { #expect(count == pieces) }
        }
        #expect(source.opened == 1)
    }

    @Test func `does not run ahead of the slowest reader`() async throws {
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
            // One more is in the hands of the source's reader, and waits for room.
            #expect(source.read <= Broadcast.window + 1)
            #expect(try await Self.collect(slow) == 100)
            try await group.waitForAll()
        }
    }

    @Test func `goes on without a reader that leaves`() async throws {
        let (source, broadcast) = (Source(100), Broadcast(readers: 2))
        let stays = try #require(broadcast.join(0))
        _ = broadcast.join(1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await broadcast.run { source.open() } }
            group.addTask {
                let count = try await Self.collect(stays)
                #expect(count == 100)
            }
            broadcast.leave(1, arrived: false)
            try await group.waitForAll()
        }
    }

    @Test func `opens nothing where nobody wants it any more`() async throws {
        let (source, broadcast) = (Source(3), Broadcast(readers: 2))
        for number in 0..<2 { broadcast.leave(number, arrived: true) }
        try await broadcast.run { source.open() }
        #expect(source.opened == 0)
    }

    @Test func `tells every reader what broke its source`() async throws {
        let (source, broadcast) = (Source(10, breaksAt: 4), Broadcast(readers: 2))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<2 {
                let stream = try #require(broadcast.join(number))
                group.addTask {
                    await #expect(throws: ContentError.self) {
                        _ = try await Self.collect(stream)
                    }
                    broadcast.leave(number, arrived: false)
                }
            }
            group.addTask { try await broadcast.run { source.open() } }
            try await group.waitForAll()
        }
    }

    @Test func `sends one who starts over to another who has it all`() async throws {
        let broadcast = Broadcast(readers: 3)
        for number in 0..<3 { _ = broadcast.join(number) }
        #expect(broadcast.join(0) == nil, "what it missed is gone")
        broadcast.leave(1, arrived: false)
        async let holder = broadcast.holder(besides: 0)
        broadcast.leave(2, arrived: true)
        #expect(try await holder == 2)
    }

    @Test func `lets none wait for each other who all start over`() async throws {
        let broadcast = Broadcast(readers: 2)
        for number in [0, 1, 0, 1] { _ = broadcast.join(number) }
        #expect(try await broadcast.holder(besides: 0) == nil)
        #expect(try await broadcast.holder(besides: 1) == nil)
    }
}
