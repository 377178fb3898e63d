// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Single flights` {
    private struct TestError: Error {}

    /// An event that happens once and that tasks wait for.
    private struct Signal: Sendable {
        private let condition = AsyncCondition(false)
        func send() { condition.change { $0 = true } }
        func wait() async throws { try await condition.take { $0 ? true : nil } }
    }

    private let flights = SingleFlight<String, Int>()
    private let started = Signal()
    private let finish = Signal()

    /// Runs an operation that waits for `finish`.
    private func value() async throws -> Int {
        try await flights.value(for: "a") { [started, finish] in
            started.send()
            try await finish.wait()
            return 7
        }
    }

    @Test func `share one result with all callers`() async throws {
        async let first = value()
        try await started.wait()
        let executor = ManualExecutor()
        let second = executor.task { [flights] in try await flights.value(for: "a") { 8 } }
        executor.runUntilIdle()
        executor.runAutomatically()
        finish.send()
        #expect(try await first == 7)
        #expect(try await second.value == 7)
        #expect(try await flights.value(for: "b") { 8 } == 8)
    }

    @Test func `continue if the caller that started them is canceled`() async throws {
        let first = Task { try await value() }
        try await started.wait()
        let executor = ManualExecutor()
        let second = executor.task { [flights] in try await flights.value(for: "a") { 8 } }
        executor.runUntilIdle()
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        executor.runAutomatically()
        finish.send()
        #expect(try await second.value == 7)
    }

    @Test func `continue if another caller is canceled`() async throws {
        async let first = value()
        try await started.wait()
        let second = Task { try await flights.value(for: "a") { 8 } }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        finish.send()
        #expect(try await first == 7)
    }

    @Test(arguments: [false, true])
    func `are canceled with the last caller, and can start again`(
        keepsResults: Bool
    ) async throws {
        let flights = SingleFlight<String, Int>(keepsResults: keepsResults)
        let canceled = Signal()
        let only = Task { [started] in
            try await flights.value(for: "a") {
                started.send()
                do {
                    try await Signal().wait()
                } catch {
                    canceled.send()
                    throw error
                }
                return 7
            }
        }
        try await started.wait()
        only.cancel()
        await #expect(throws: CancellationError.self) { try await only.value }
        try await canceled.wait()
        #expect(try await flights.value(for: "a") { 8 } == 8)
    }

    @Test func `share an error with all callers, and do not keep it`() async throws {
        await #expect(throws: TestError.self) {
            try await flights.value(for: "a") { throw TestError() }
        }
        #expect(try await flights.value(for: "a") { 8 } == 8)
    }

    @Test func `keep results without errors where this is requested`() async throws {
        let flights = SingleFlight<String, Int>(keepsResults: true, keepsErrors: false)
        await #expect(throws: TestError.self) {
            try await flights.value(for: "a") { throw TestError() }
        }
        #expect(try await flights.value(for: "a") { 7 } == 7)
        #expect(try await flights.value(for: "a") { 8 } == 7)
    }

    @Test func `keep results and errors where this is requested, but no cancellation`()
        async throws
    {
        let flights = SingleFlight<String, Int>(keepsResults: true)
        #expect(try await flights.value(for: "a") { 7 } == 7)
        #expect(try await flights.value(for: "a") { 8 } == 7)
        await #expect(throws: TestError.self) {
            try await flights.value(for: "b") { throw TestError() }
        }
        await #expect(throws: TestError.self) { try await flights.value(for: "b") { 8 } }
        await #expect(throws: CancellationError.self) {
            try await flights.value(for: "c") { throw CancellationError() }
        }
        #expect(try await flights.value(for: "c") { 8 } == 8)
    }
}
