// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A broadcast to several readers` {
    private static let window = 8

    private struct TestError: Error {}

    /// A source that counts the elements that were read and can fail.
    private final class Source: Sendable {
        let count: Int
        let failsAt: Int?
        private let counts = Mutex((opened: 0, read: 0))

        init(_ count: Int, failsAt: Int? = nil) {
            self.count = count
            self.failsAt = failsAt
        }

        var opened: Int { counts.withLock { $0.opened } }
        var read: Int { counts.withLock { $0.read } }

        func open() -> AsyncBroadcast<Int>.Source {
            counts.withLock { $0.opened += 1 }
            return AsyncThrowingStream { [self] in
                let position = counts.withLock { counts in
                    counts.read += 1
                    return counts.read - 1
                }
                if position == failsAt { throw TestError() }
                return position < count ? position : nil
            } as AsyncBroadcast<Int>.Source
        }
    }

    private static func broadcast(readers: Int) -> AsyncBroadcast<Int> {
        AsyncBroadcast(readers: readers, window: window)
    }

    private static func collect(_ stream: AsyncBroadcast<Int>.Source) async throws -> [Int] {
        var elements: [Int] = []
        for try await element in stream { elements.append(element) }
        return elements
    }

    @Test(arguments: [0, 1, 7, 8, 9, 100], [2, 3])
    func `delivers every element to every reader and opens its source once`(
        count: Int, readers: Int
    ) async throws {
        let (source, broadcast) = (Source(count), Self.broadcast(readers: readers))
        try await withThrowingTaskGroup(of: [Int].self) { group in
            for number in 0..<readers {
                group.addTask {
                    defer { broadcast.leave(number, isComplete: true) }
                    let stream = try #require(broadcast.join(number))
                    return try await Self.collect(stream)
                }
            }
            group.addTask {
                try await broadcast.run { source.open() }
                return Array(0..<count)
            }
            for try await elements in group { #expect(elements == Array(0..<count)) }
        }
        #expect(source.opened == 1)
    }

    @Test func `does not read ahead of the slowest reader by more than the window`() async throws {
        let (source, broadcast) = (Source(100), Self.broadcast(readers: 2))
        let quick = try #require(broadcast.join(0))
        let slow = try #require(broadcast.join(1))
        let hasRead = AsyncCondition(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await broadcast.run { source.open() } }
            group.addTask {
                for try await _ in quick { hasRead.change { $0 += 1 } }
            }
            try await hasRead.take { $0 == Self.window ? true : nil }
            // The task that reads the source holds one more chunk until the window has space.
            #expect(source.read <= Self.window + 1)
            #expect(try await Self.collect(slow).count == 100)
            try await group.waitForAll()
        }
    }

    @Test func `continues without a reader that leaves`() async throws {
        let (source, broadcast) = (Source(100), Self.broadcast(readers: 2))
        let stays = try #require(broadcast.join(0))
        _ = broadcast.join(1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await broadcast.run { source.open() } }
            group.addTask {
                let elements = try await Self.collect(stays)
                #expect(elements.count == 100)
            }
            broadcast.leave(1, isComplete: false)
            try await group.waitForAll()
        }
    }

    @Test func `does not open the source if all readers have left`() async throws {
        let (source, broadcast) = (Source(3), Self.broadcast(readers: 2))
        for number in 0..<2 { broadcast.leave(number, isComplete: true) }
        try await broadcast.run { source.open() }
        #expect(source.opened == 0)
    }

    @Test func `throws the error of the source to every reader`() async throws {
        let (source, broadcast) = (Source(10, failsAt: 4), Self.broadcast(readers: 2))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<2 {
                let stream = try #require(broadcast.join(number))
                group.addTask {
                    await #expect(throws: TestError.self) {
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
        let broadcast = Self.broadcast(readers: 3)
        for number in 0..<3 { _ = broadcast.join(number) }
        #expect(broadcast.join(0) == nil, "the missed elements are no longer buffered")
        broadcast.leave(1, isComplete: false)
        async let completed = broadcast.completedReader(besides: 0)
        broadcast.leave(2, isComplete: true)
        #expect(try await completed == 2)
    }

    @Test func `readers that all restart do not wait for each other`() async throws {
        let broadcast = Self.broadcast(readers: 2)
        for number in [0, 1, 0, 1] { _ = broadcast.join(number) }
        #expect(try await broadcast.completedReader(besides: 0) == nil)
        #expect(try await broadcast.completedReader(besides: 1) == nil)
    }

    @Test func `a canceled reader stops waiting and does not delay the others after it left`()
        async throws
    {
        let (source, broadcast) = (Source(100), Self.broadcast(readers: 2))
        let stays = try #require(broadcast.join(0))
        let leaves = try #require(broadcast.join(1))
        let canceled = Task {
            defer { broadcast.leave(1, isComplete: false) }
            return try await Self.collect(leaves)
        }
        canceled.cancel()
        await #expect(throws: CancellationError.self) { try await canceled.value }
        async let elements = Self.collect(stays)
        try await broadcast.run { source.open() }
        #expect(try await elements.count == 100)
    }

    @Test func `a canceled source ends every reader`() async throws {
        let broadcast = Self.broadcast(readers: 1)
        let stream = try #require(broadcast.join(0))
        let run = Task { try await broadcast.run { Source(100).open() } }
        run.cancel()
        await #expect(throws: CancellationError.self) { try await run.value }
        await #expect(throws: CancellationError.self) { _ = try await Self.collect(stream) }
    }
}
