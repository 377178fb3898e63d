// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A semaphore` {
    private struct TestError: Error {}

    private let executor = ManualExecutor()
    private let journal = Journal<Int>()
    private let released = AsyncCondition<Set<Int>>([])

    /// Returns a task that holds a permit until its number is released.
    private func holding(_ number: Int, of semaphore: AsyncSemaphore) -> Task<Void, any Error> {
        executor.task { [journal, released] in
            try await semaphore.withPermit {
                journal.append(number)
                try await released.take { $0.contains(number) ? true : nil }
            }
        }
    }

    private func release(_ number: Int) {
        released.change { _ = $0.insert(number) }
        executor.runUntilIdle()
    }

    @Test func `permits go to tasks in the order of their arrival`() async throws {
        let semaphore = AsyncSemaphore(2)
        let tasks = (0..<6).map { holding($0, of: semaphore) }
        executor.runUntilIdle()
        #expect(journal.elements == [0, 1])
        release(1)
        #expect(journal.elements == [0, 1, 2])
        release(0)
        release(2)
        #expect(journal.elements == [0, 1, 2, 3, 4])
        for number in 3..<6 { release(number) }
        #expect(journal.elements == Array(0..<6))
        for task in tasks { try await task.value }
    }

    @Test func `a released permit goes to a waiting task, not to a later one`() async throws {
        let semaphore = AsyncSemaphore(1)
        let tasks = [0, 1].map { holding($0, of: semaphore) }
        executor.runUntilIdle()
        // The permit is released, and the later task arrives before the waiting one runs.
        released.change { _ = $0.insert(0) }
        let later = holding(2, of: semaphore)
        executor.runUntilIdle()
        #expect(journal.elements == [0, 1])
        for number in [1, 2] { release(number) }
        #expect(journal.elements == [0, 1, 2])
        for task in tasks + [later] { try await task.value }
    }

    @Test func `a task that needs several permits is not overtaken`() async throws {
        let semaphore = AsyncSemaphore(2)
        let first = holding(0, of: semaphore)
        let both = executor.task { [journal] in
            try await semaphore.withPermits(2) { journal.append(1) }
        }
        let last = holding(2, of: semaphore)
        executor.runUntilIdle()
        #expect(journal.elements == [0])
        for number in [0, 2] { release(number) }
        #expect(journal.elements == [0, 1, 2])
        for task in [first, both, last] { try await task.value }
    }

    @Test func `a canceled task does not take a permit`() async throws {
        let semaphore = AsyncSemaphore(1)
        let first = holding(0, of: semaphore)
        let canceled = holding(1, of: semaphore)
        let last = holding(2, of: semaphore)
        executor.runUntilIdle()
        canceled.cancel()
        executor.runUntilIdle()
        await #expect(throws: CancellationError.self) { try await canceled.value }
        for number in [0, 2] { release(number) }
        #expect(journal.elements == [0, 2])
        try await first.value
        try await last.value
    }

    @Test func `an error or a cancellation inside releases the permit`() async throws {
        let semaphore = AsyncSemaphore(1)
        await #expect(throws: TestError.self) {
            try await semaphore.withPermit { throw TestError() }
        }
        let canceled = holding(0, of: semaphore)
        executor.runUntilIdle()
        canceled.cancel()
        executor.runUntilIdle()
        await #expect(throws: CancellationError.self) { try await canceled.value }
        #expect(try await semaphore.withPermit { true })
    }
}
