// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Testing

@testable import CurlHTTP

@Suite(.timeLimit(.minutes(10))) final class InboxTests {
    private let poller: SocketPoller
    private let inbox: Inbox

    init() throws {
        poller = try #require(SocketPoller())
        inbox = Inbox(waking: poller.wakeup)
        inbox.record(runsJobs: true)
    }

    deinit { poller.close() }

    @Test func `a task of the executor runs when the thread runs its jobs`() {
        let hasRun = Mutex(false)
        #expect(inbox.prepareToWait())
        Task(executorPreference: inbox) { hasRun.withLock { $0 = true } }
        #expect(!inbox.prepareToWait())
        #expect(!hasRun.withLock { $0 })
        #expect(inbox.runJobs()?.isEmpty == true)
        #expect(hasRun.withLock { $0 })
        #expect(inbox.prepareToWait())
    }

    @Test func `a job wakes the waiting thread`() {
        #expect(inbox.prepareToWait())
        Task(executorPreference: inbox) {}
        var sockets = 0
        poller.wait(milliseconds: .max) { _, _ in sockets += 1 }
        #expect(sockets == 0)
        #expect(inbox.runJobs() != nil)
    }

    @Test func `a closed inbox ends after the jobs of its tasks`() {
        let hasRun = Mutex(false)
        Task(executorPreference: inbox) { [inbox] in
            await withCheckedContinuation { continuation in
                Task(executorPreference: inbox) { continuation.resume() }
            }
            hasRun.withLock { $0 = true }
        }
        inbox.close()
        #expect(inbox.runJobs() != nil)
        #expect(!hasRun.withLock { $0 })
        #expect(inbox.runJobs() != nil)
        #expect(inbox.runJobs() == nil)
        #expect(hasRun.withLock { $0 })
    }

    @Test func `jobs run on the default executor while the thread runs none`() async {
        inbox.record(runsJobs: false)
        #expect(await Task(executorPreference: inbox) { 7 }.value == 7)
        #expect(inbox.prepareToWait())
    }

    @Test func `a task moves when the thread stops running jobs`() async {
        let (values, source) = AsyncStream.makeStream(of: Int.self)
        let task = Task(executorPreference: inbox) { await values.first { _ in true } }
        #expect(inbox.runJobs() != nil)
        inbox.record(runsJobs: false)
        source.yield(7)
        #expect(await task.value == 7)
        #expect(inbox.prepareToWait())
    }
}
