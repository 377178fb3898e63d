// SPDX-License-Identifier: Apache-2.0

import Testing
import AsyncPrimitives

@testable import Registry

@Suite struct `Single flights` {
    /// An event that happens once and that tasks wait for.
    struct Signal: Sendable {
        private let list = AsyncCondition(false)
        func send() { list.change { $0 = true } }
        func wait() async throws { _ = try await list.take { $0 ? true : nil } }
    }

    let flights = SingleFlight<String, Int>()

    @Test func `share one result with all callers`() async throws {
        let (started, land) = (Signal(), Signal())
        let flights = flights
        @Sendable func fly() async throws -> Int {
            try await flights.value(for: "a") {
                started.send()
                try await land.wait()
                return 7
            }
        }
        async let first = fly()
        try await started.wait()
        async let second = fly()
        land.send()
        #expect(try await [first, second] == [7, 7])
        #expect(try await flights.value(for: "b") { 8 } == 8)
    }

    @Test func `continue if one of several callers is canceled`() async throws {
        let (started, land) = (Signal(), Signal())
        let flights = flights
        async let first = flights.value(for: "a") {
            started.send()
            try await land.wait()
            return 7
        }
        try await started.wait()
        let second = Task { try await flights.value(for: "a") { 8 } }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        land.send()
        #expect(try await first == 7)
    }

    @Test func `are canceled with the last caller, and can start again`() async throws {
        let (started, cancelled) = (Signal(), Signal())
        let flights = flights
        let only = Task {
            try await flights.value(for: "a") {
                started.send()
                do {
                    try await Signal().wait()
                } catch {
                    cancelled.send()
                    throw error
                }
                return 7
            }
        }
        try await started.wait()
        only.cancel()
        await #expect(throws: CancellationError.self) { try await only.value }
        try await cancelled.wait()
        #expect(try await flights.value(for: "a") { 8 } == 8)
    }

    struct TestError: Error {}

    @Test func `share an error with all callers, and do not cache it`() async throws {
        let flights = flights
        await #expect(throws: TestError.self) {
            try await flights.value(for: "a") { throw TestError() }
        }
        #expect(try await flights.value(for: "a") { 8 } == 8)
    }
}
