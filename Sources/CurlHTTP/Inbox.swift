// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import struct Synchronization.Atomic

/// The messages from tasks to the event loop's thread, and the executor of the tasks that feed uploads.
///
/// If there are many transfers, these tasks run on the event loop's thread. On another one, each chunk
/// of a copy would cost two context switches, and its bytes would move between the caches of two
/// processors. A few transfers are faster with two threads. Each job is assigned separately, so that a
/// task moves when the load changes.
final class Inbox: TaskExecutor {
    enum Message: Sendable {
        /// Start, or resume after a pause.
        case resume(HTTPExchange)
        /// Cancel, in any state.
        case stop(HTTPExchange)
    }

    private struct State {
        var messages: [Message] = []
        var jobs: [UnownedJob] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    /// A Boolean value that indicates whether the thread waits, or is about to, and must be woken.
    private let isWaiting = Atomic(false)
    /// A Boolean value that indicates whether the thread runs jobs.
    private let runsJobs = Atomic(false)
    private let wakeup: WakeupEvent

    init(waking wakeup: WakeupEvent) {
        self.wakeup = wakeup
    }

    // MARK: The tasks' side

    func post(_ message: Message) {
        state.withLock { state in
            if !state.isClosed { state.messages.append(message) }
        }
        wakeUp()
    }

    /// Assigns a job to the thread, or to the default executor if the thread runs no jobs.
    ///
    /// The thread runs at least until the task of the job has ended, because the task has a lease.
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        guard runsJobs.load(ordering: .relaxed) else {
            return globalConcurrentExecutor.enqueue(job)
        }
        state.withLock { $0.jobs.append(job) }
        wakeUp()
    }

    /// Requests the end of the thread.
    func close() {
        state.withLock { $0.isClosed = true }
        wakeUp()
    }

    /// Wakes the thread if it waits, without the lock, which it takes next.
    private func wakeUp() {
        if isWaiting.exchange(false, ordering: .sequentiallyConsistent) { wakeup.signal() }
    }

    // MARK: The thread's side

    /// Runs all jobs that have arrived, then takes all messages; returns `nil` after `close()`.
    func runJobs() -> [Message]? {
        let jobs = state.withLock { state in
            defer { state.jobs = [] }
            return state.jobs
        }
        for job in jobs { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
        return state.withLock { state in
            defer { state.messages = [] }
            return state.isClosed && state.jobs.isEmpty ? nil : state.messages
        }
    }

    /// Records whether the thread runs the jobs that are assigned from now on.
    func record(runsJobs: Bool) {
        self.runsJobs.store(runsJobs, ordering: .relaxed)
    }

    /// Records that the thread is about to wait; returns `false` if there is work.
    ///
    /// A message or job is either added before they are checked, or its sender or an earlier one finds
    /// that the thread waits, and wakes it.
    func prepareToWait() -> Bool {
        isWaiting.store(true, ordering: .sequentiallyConsistent)
        let isEmpty = state.withLock { $0.messages.isEmpty && $0.jobs.isEmpty && !$0.isClosed }
        if !isEmpty { endWait() }
        return isEmpty
    }

    /// Records that the thread does not wait any more.
    func endWait() {
        isWaiting.store(false, ordering: .sequentiallyConsistent)
    }
}
