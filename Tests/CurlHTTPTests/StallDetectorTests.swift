// SPDX-License-Identifier: Apache-2.0

@testable import CurlHTTP
import HTTP
import Testing

@Suite struct StallClockTests {
    private let limits = HTTPTimeouts(
        connect: .seconds(1), firstByte: .seconds(100), idle: .seconds(10))

    /// One look at a transfer: when, in which phase, after how many bytes, held by whom.
    struct Look: Sendable {
        let second: Int
        let phase: StallDetector.Phase
        var bytes: Int64 = 0
        var isHeld = false
    }

    @Test(arguments: [
        // A phase has its own limit, counted from its own start.
        ([Look(second: 0, phase: .sending), Look(second: 10, phase: .sending)], false),
        ([Look(second: 0, phase: .sending), Look(second: 11, phase: .sending)], true),
        ([Look(second: 0, phase: .waiting), Look(second: 100, phase: .waiting)], false),
        ([Look(second: 0, phase: .waiting), Look(second: 101, phase: .waiting)], true),
        ([Look(second: 0, phase: .waiting), Look(second: 90, phase: .receiving)], false),
        // A byte in either direction starts it anew.
        (
            [
                Look(second: 0, phase: .receiving), Look(second: 9, phase: .receiving, bytes: 1),
                Look(second: 18, phase: .receiving, bytes: 1),
            ], false
        ),
        // So does being held up by our own side, and nothing counts before a connection.
        (
            [
                Look(second: 0, phase: .receiving),
                Look(second: 50, phase: .receiving, isHeld: true),
                Look(second: 59, phase: .receiving),
            ], false
        ),
        ([Look(second: 0, phase: .connecting), Look(second: 500, phase: .connecting)], false),
    ])
    func `only what stands still for the whole limit has stalled`(
        looks: [Look], hasStalled: Bool
    ) {
        let start = ContinuousClock.now
        var clock = StallDetector(limits, at: start)
        var error: TransportError?
        for look in looks {
            error = clock.read(
                .init(phase: look.phase, movedBytes: look.bytes, isHeldByUs: look.isHeld),
                at: start + .seconds(look.second))
        }
        #expect((error?.kind == .timeout) == hasStalled)
    }

    /// One byte every nine seconds never stalls.
    private func error(
        _ limits: HTTPTimeouts, afterSeconds seconds: Int, isExplanation: Bool = false
    ) -> TransportError? {
        let start = ContinuousClock.now
        var clock = StallDetector(limits, at: start)
        var error: TransportError?
        for second in stride(from: 0, through: seconds, by: 9) {
            error = clock.read(
                .init(
                    phase: .receiving, movedBytes: Int64(second), isHeldByUs: false,
                    isExplanation: isExplanation),
                at: start + .seconds(second))
            if error != nil { break }
        }
        return error
    }

    @Test func `a whole exchange ends at its total deadline, however its bytes move`() {
        let metadata = HTTPTimeouts(idle: .seconds(10), total: .seconds(60))
        #expect(error(metadata, afterSeconds: 60) == nil)
        #expect(
            error(metadata, afterSeconds: 63)?.message == "no complete answer within 60.0 seconds")
        #expect(error(HTTPTimeouts(idle: .seconds(10)), afterSeconds: 1_000_000) == nil)
    }

    @Test func `the body of an error ends at its deadline, also where the transfer has none`() {
        let bulk = HTTPTimeouts(idle: .seconds(10))
        #expect(error(bulk, afterSeconds: 60, isExplanation: true) == nil)
        #expect(error(bulk, afterSeconds: 63, isExplanation: true)?.kind == .timeout)
    }

    @Test func `a look is taken often enough for the shortest limit`() {
        #expect(StallDetector(limits, at: .now).interval == .seconds(1))
        let short = HTTPTimeouts(firstByte: .milliseconds(200), idle: .seconds(1))
        #expect(StallDetector(short, at: .now).interval == .milliseconds(50))
        let total = HTTPTimeouts(total: .milliseconds(400))
        #expect(StallDetector(total, at: .now).interval == .milliseconds(100))
    }
}
