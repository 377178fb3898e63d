// SPDX-License-Identifier: Apache-2.0

@testable import CurlHTTP
import HTTP
import Testing

@Suite struct StallDetectorTests {
    private let limits = HTTPTimeouts(
        connect: .seconds(1), firstByte: .seconds(100), idle: .seconds(10))

    /// A sample of a transfer.
    struct Sample: Sendable {
        let second: Int
        let phase: StallDetector.Phase
        var bytes: Int64 = 0
        var isWaiting = false
    }

    @Test(arguments: [
        // A phase has its own limit, counted from its own start.
        ([Sample(second: 0, phase: .sending), Sample(second: 10, phase: .sending)], false),
        ([Sample(second: 0, phase: .sending), Sample(second: 11, phase: .sending)], true),
        ([Sample(second: 0, phase: .waiting), Sample(second: 100, phase: .waiting)], false),
        ([Sample(second: 0, phase: .waiting), Sample(second: 101, phase: .waiting)], true),
        ([Sample(second: 0, phase: .waiting), Sample(second: 90, phase: .receiving)], false),
        // A byte in either direction restarts it.
        (
            [
                Sample(second: 0, phase: .receiving),
                Sample(second: 9, phase: .receiving, bytes: 1),
                Sample(second: 18, phase: .receiving, bytes: 1),
            ], false
        ),
        // Waiting for this program restarts it too, and no limit applies before the connection.
        (
            [
                Sample(second: 0, phase: .receiving),
                Sample(second: 50, phase: .receiving, isWaiting: true),
                Sample(second: 59, phase: .receiving),
            ], false
        ),
        ([Sample(second: 0, phase: .connecting), Sample(second: 500, phase: .connecting)], false),
    ])
    func `a phase without progress for its whole limit is a stall`(
        samples: [Sample], hasStalled: Bool
    ) {
        let start = ContinuousClock.now
        var detector = StallDetector(limits, at: start)
        var error: TransportError?
        for sample in samples {
            error = detector.add(
                .init(
                    phase: sample.phase, movedBytes: sample.bytes,
                    isWaitingForClient: sample.isWaiting),
                at: start + .seconds(sample.second))
        }
        #expect((error?.kind == .timeout) == hasStalled)
    }

    /// Returns the error of a transfer with one byte every nine seconds, which never stalls.
    private func error(
        _ limits: HTTPTimeouts, afterSeconds seconds: Int, isErrorBody: Bool = false
    ) -> TransportError? {
        let start = ContinuousClock.now
        var detector = StallDetector(limits, at: start)
        var error: TransportError?
        for second in stride(from: 0, through: seconds, by: 9) {
            error = detector.add(
                .init(
                    phase: .receiving, movedBytes: Int64(second), isWaitingForClient: false,
                    isErrorBody: isErrorBody),
                at: start + .seconds(second))
            if error != nil { break }
        }
        return error
    }

    @Test func `an exchange ends at its total deadline despite progress`() {
        let metadata = HTTPTimeouts(idle: .seconds(10), total: .seconds(60))
        #expect(error(metadata, afterSeconds: 60) == nil)
        #expect(
            error(metadata, afterSeconds: 63)?.message == "no complete response within 60.0 seconds"
        )
        #expect(error(HTTPTimeouts(idle: .seconds(10)), afterSeconds: 1_000_000) == nil)
    }

    @Test func `an error body ends at its deadline, even if the transfer has none`() {
        let bulk = HTTPTimeouts(idle: .seconds(10))
        #expect(error(bulk, afterSeconds: 60, isErrorBody: true) == nil)
        #expect(error(bulk, afterSeconds: 63, isErrorBody: true)?.kind == .timeout)
    }

    @Test func `the interval suits the shortest limit`() {
        #expect(StallDetector(limits, at: .now).interval == .seconds(1))
        let short = HTTPTimeouts(firstByte: .milliseconds(200), idle: .seconds(1))
        #expect(StallDetector(short, at: .now).interval == .milliseconds(50))
        let total = HTTPTimeouts(total: .milliseconds(400))
        #expect(StallDetector(total, at: .now).interval == .milliseconds(100))
    }
}
