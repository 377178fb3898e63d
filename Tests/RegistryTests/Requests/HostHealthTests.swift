// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@testable import Registry

/// The retry budget of one host, on a clock that the test controls.
@Suite struct HostHealthTests {
    /// The result of a request to the host.
    enum Event: Sendable {
        case connection
        case outage
        case throttled
        case success
    }

    /// A request: when it was sent, when it ended, and its result.
    struct Request: Sendable {
        let began: Double
        let ended: Double
        let event: Event

        init(_ began: Double, _ ended: Double, _ event: Event) {
            self.began = began
            self.ended = ended
            self.event = event
        }
    }

    private func health(_ requests: [Request], retryFor: Duration = .seconds(60)) -> HostHealth {
        var health = HostHealth(retryFor: retryFor)
        let pauses = [Duration.seconds(2.5), .seconds(10)]
        for request in requests {
            let (began, ended) = (Duration.seconds(request.began), Duration.seconds(request.ended))
            switch request.event {
            case .success: health.succeed(at: ended)
            case .connection:
                health.fail(
                    .connection(pauses: pauses), began: began, at: ended, reason: "rejected")
            case .outage: health.fail(.outage, began: began, at: ended, reason: "status 503")
            case .throttled: health.fail(.throttled, began: began, at: ended, reason: "status 429")
            }
        }
        return health
    }

    @Test(
        arguments: [
            // The third failed connection in a row, each after its pause.
            ([Request(0, 0, .connection), Request(3, 3, .connection)], false),
            // A host that was never reached has only fifteen seconds.
            ([Request(0, 13.9, .connection)], false),
            ([Request(0, 14.1, .connection)], true),
            ([Request(0, 0, .throttled), Request(1, 16, .connection)], false),
            ([Request(0, 0, .outage), Request(1, 16, .connection)], false),
            (
                [
                    Request(0, 0, .connection), Request(3, 3, .connection),
                    Request(13, 13, .connection),
                ], true
            ),
            // Failures at the same time, or within a pause, count as one.
            (
                [
                    Request(0, 0.1, .connection), Request(0, 0.1, .connection),
                    Request(0.05, 0.1, .connection), Request(0.2, 0.3, .connection),
                    Request(2, 2, .connection), Request(3, 3, .connection),
                    Request(4, 4, .connection), Request(12.9, 12.9, .connection),
                ], false
            ),
            // Every sign of a connection resets the count.
            (
                [
                    Request(0, 0, .connection), Request(3, 3, .connection), Request(4, 4, .outage),
                    Request(13, 13, .connection),
                ], false
            ),
            (
                [
                    Request(0, 0, .connection), Request(3, 3, .connection), Request(4, 4, .success),
                    Request(13, 13, .connection),
                ], false
            ),
            // The budget ends with the failure that leaves less than a second.
            ([Request(0, 30, .outage), Request(31, 59, .outage)], false),
            ([Request(0, 30, .outage), Request(31, 59.1, .outage)], true),
            ([Request(0, 30, .connection), Request(1, 60, .connection)], true),
            (
                [Request(0, 30, .outage), Request(20, 40, .success), Request(41, 61, .outage)],
                false
            ),
            // A request that began before a success has failed only since then.
            ([Request(10, 30, .success), Request(0, 70, .outage)], false),
            ([Request(10, 30, .success), Request(0, 90, .outage)], true),
            // Failures that are far apart are separate outages.
            ([Request(0, 1, .outage), Request(122, 123, .outage)], false),
            // A host that throttles is up.
            ([Request(0, 1, .throttled), Request(70, 71, .throttled)], false),
            // Throttling does not use up the budget of outages.
            ([Request(0, 1, .throttled), Request(70, 71, .outage)], false),
            ([Request(0, 1, .outage), Request(30, 31, .throttled)], false),
            // A response to a request in flight shows that the host is up.
            (
                [
                    Request(0, 30, .outage), Request(31, 60, .outage), Request(0, 61, .success),
                ], false
            ),
        ])
    func `marks a host as down after failed connections or at the end of its budget`(
        requests: [Request], isGivenUp: Bool
    ) {
        #expect((health(requests).reasonGivenUp != nil) == isGivenUp)
    }

    @Test(
        arguments: [
            ([], 500, 60), ([Request(0, 10, .outage)], 10, 50), ([Request(0, 10, .outage)], 30, 30),
            ([Request(0, 10, .outage), Request(11, 12, .success)], 40, 60),
            ([Request(0, 30, .outage), Request(31, 60, .outage)], 60, 0),
        ] as [([Request], Int, Int)])
    func `computes the remaining budget`(requests: [Request], now: Int, left: Int) {
        #expect(health(requests).left(at: .seconds(now)) == .seconds(left))
    }

    @Test func `has a separate budget for throttling`() {
        let requests = [
            Request(0, 10, .throttled), Request(20, 30, .outage), Request(40, 50, .throttled),
        ]
        #expect(health(requests).left(at: .seconds(50)) == .seconds(30))
    }

    @Test func `responds if the body of its last response broke off`() {
        var health = health([Request(0, 1, .outage)])
        #expect(health.contact(since: .zero) == .lost)
        health.fail(.brokenBody, began: .seconds(2), at: .seconds(3), reason: "cut")
        #expect(health.contact(since: .zero) == .responding)
        health.fail(.outage, began: .seconds(4), at: .seconds(5), reason: "status 503")
        #expect(health.contact(since: .zero) == .lost)
        #expect(HostHealth(retryFor: .zero).contact(since: .zero) == .none)
    }

    @Test func `names the last failure as its reason`() {
        #expect(
            health([Request(0, 30, .outage), Request(31, 60, .outage)]).reasonGivenUp
                == "failed for 60 s (status 503)")
        #expect(health([Request(0, 1, .outage)], retryFor: .zero).reasonGivenUp != nil)
    }
}
