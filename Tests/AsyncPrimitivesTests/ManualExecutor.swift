// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import struct Synchronization.Atomic

/// An executor that runs tasks only on request, in the order in which they became ready.
///
/// After ``runUntilIdle()`` each task has ended or waits for another one, so a test knows which
/// tasks wait, and in which order they began to.
final class ManualExecutor: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])
    private let isManual = Atomic(true)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isManual.load(ordering: .sequentiallyConsistent) {
            jobs.withLock { $0.append(job) }
        } else {
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    /// Runs the jobs that are ready now, and each later one as soon as it is ready.
    ///
    /// A test calls this before it awaits a task that another thread resumes.
    func runAutomatically() {
        isManual.store(false, ordering: .sequentiallyConsistent)
        runUntilIdle()
    }

    /// Runs jobs until none is ready.
    func runUntilIdle() {
        while let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    /// Creates a task that runs on this executor.
    func task<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) -> Task<Value, any Error> {
        Task(executorPreference: self, operation: body)
    }
}

/// Values in the order in which tasks added them.
final class Journal<Element: Sendable>: Sendable {
    private let contents = Mutex<[Element]>([])

    var elements: [Element] { contents.withLock { $0 } }

    func append(_ element: Element) { contents.withLock { $0.append(element) } }
}
