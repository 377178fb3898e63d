// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A condition` {
    private let executor = ManualExecutor()
    private let journal = Journal<Int>()

    /// Returns a task that takes `count` from a number as soon as it is that large.
    private func taking(
        _ count: Int, from condition: AsyncCondition<Int>
    ) -> Task<Void, any Error> {
        executor.task { [journal] in
            try await condition.take { $0 >= count ? ($0 -= count) : nil }
            journal.append(count)
        }
    }

    @Test func `returns a value that is available at once`() async throws {
        let condition = AsyncCondition(3)
        #expect(try await condition.take { $0 == 3 ? "three" : nil } == "three")
    }

    @Test func `serves tasks in the order in which they began to wait`() async throws {
        let condition = AsyncCondition(0)
        let tasks = [1, 2, 3].map { taking($0, from: condition) }
        executor.runUntilIdle()
        #expect(journal.elements.isEmpty)
        condition.change { $0 = 3 }
        executor.runUntilIdle()
        #expect(journal.elements == [1, 2])
        condition.change { $0 = 3 }
        executor.runUntilIdle()
        #expect(journal.elements == [1, 2, 3])
        for task in tasks { try await task.value }
    }

    @Test func `hands a value over before a later task can take it`() async throws {
        let condition = AsyncCondition(0)
        let waiting = taking(1, from: condition)
        executor.runUntilIdle()
        condition.change { $0 = 1 }
        #expect(condition.state == 0, "the value belongs to the waiting task before it runs")
        executor.runUntilIdle()
        try await waiting.value
    }

    @Test func `serves an earlier task that a later one makes ready`() async throws {
        let condition = AsyncCondition(0)
        let first = executor.task { [journal] in
            try await condition.take { $0 == 2 ? ($0 = 0) : nil }
            journal.append(1)
        }
        let second = executor.task { [journal] in
            try await condition.take { $0 == 1 ? ($0 = 2) : nil }
            journal.append(2)
        }
        executor.runUntilIdle()
        condition.change { $0 = 1 }
        executor.runUntilIdle()
        #expect(journal.elements == [2, 1])
        try await first.value
        try await second.value
    }

    @Test func `in order, a task waits while an earlier one does`() async throws {
        let condition = AsyncCondition(0, servesInOrder: true)
        let first = taking(3, from: condition)
        executor.runUntilIdle()
        condition.change { $0 = 2 }
        let second = taking(1, from: condition)
        let third = taking(1, from: condition)
        executor.runUntilIdle()
        #expect(journal.elements.isEmpty)
        first.cancel()
        executor.runUntilIdle()
        #expect(journal.elements == [1, 1])
        await #expect(throws: CancellationError.self) { try await first.value }
        try await second.value
        try await third.value
    }

    @Test func `a task that takes a value makes others ready`() async throws {
        let condition = AsyncCondition(1)
        let waiting = executor.task { try await condition.take { $0 == 0 ? true : nil } }
        executor.runUntilIdle()
        try await condition.take { $0 == 1 ? ($0 = 0) : nil }
        executor.runUntilIdle()
        #expect(try await waiting.value)
    }

    @Test func `a canceled task stops waiting, and the next one is served`() async throws {
        let condition = AsyncCondition(0)
        let canceled = taking(1, from: condition)
        let next = taking(1, from: condition)
        executor.runUntilIdle()
        canceled.cancel()
        executor.runUntilIdle()
        await #expect(throws: CancellationError.self) { try await canceled.value }
        condition.change { $0 = 1 }
        executor.runUntilIdle()
        try await next.value
    }

    @Test func `a canceled task that would have to wait throws at once`() async throws {
        let condition = AsyncCondition(0)
        let canceled = taking(1, from: condition)
        canceled.cancel()
        executor.runUntilIdle()
        await #expect(throws: CancellationError.self) { try await canceled.value }
    }

    @Test func `a task that is canceled after it was served keeps its value`() async throws {
        let condition = AsyncCondition(0)
        let served = taking(1, from: condition)
        executor.runUntilIdle()
        condition.change { $0 = 1 }
        served.cancel()
        executor.runUntilIdle()
        try await served.value
        #expect(journal.elements == [1])
    }
}
