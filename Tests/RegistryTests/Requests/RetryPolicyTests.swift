// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@testable import Registry

@Suite struct `The retry policy` {
    typealias Event = RetryPolicy.Outcome.Event
    let policy = RetryPolicy()

    func decide(
        _ attempt: Int, _ event: Event, after: Duration? = nil, jitter: Double = 0.5
    ) -> RetryPolicy.Decision {
        policy.decide(
            attempt: attempt, RetryPolicy.Outcome(event: event, retryAfter: after), jitter: jitter)
    }

    @Test(arguments: [408, 425, 429, 499, 500, 502, 503, 504, 522])
    func `retries temporary statuses`(status: Int) {
        #expect(decide(1, .status(status)) == .retry(after: .seconds(0.75)))
    }

    @Test(arguments: [400, 401, 403, 404, 405, 409, 412, 413, 416, 501, 505])
    func `does not retry permanent statuses`(status: Int) {
        #expect(decide(1, .status(status)) == .giveUp)
    }

    @Test(arguments: [
        (TransportError.Kind.connect, true), (.interrupted, true), (.timeout, true),
        (.resolve, true), (.tls, false), (.malformed, false), (.tooLarge, false), (.refused, false),
    ])
    func `distinguishes temporary from permanent transport errors`(
        kind: TransportError.Kind, retries: Bool
    ) {
        #expect((decide(1, .transport(kind)) != .giveUp) == retries)
    }

    @Test func `doubles its bound up to a minute`() {
        let waits = (1...5).map { decide($0, .status(503), jitter: 1) }
        #expect(waits == [1, 2, 4, 8, 16].map { .retry(after: .seconds($0)) })
        #expect(
            policy.decide(
                attempt: 99, RetryPolicy.Outcome(event: .status(503)), jitter: 1,
                contact: .lost) == .retry(after: .seconds(60)))
    }

    @Test func `randomizes half of its bound`() {
        #expect(decide(3, .status(503), jitter: 0) == .retry(after: .seconds(2)))
        #expect(decide(3, .status(503), jitter: 0.5) == .retry(after: .seconds(3)))
    }

    @Test func `retries less often in interactive commands`() {
        func attended(_ attempt: Int, _ event: Event, after: Duration? = nil) -> Bool {
            RetryPolicy.attended.decide(
                attempt: attempt, RetryPolicy.Outcome(event: event, retryAfter: after), jitter: 0)
                != .giveUp
        }
        #expect(attended(3, .status(503)) && !attended(4, .status(503)))
        #expect(attended(1, .status(429), after: .seconds(60)))
        #expect(!attended(1, .status(429), after: .seconds(61)))
    }

    @Test func `has six attempts, and more only while the host responds to no request`() {
        #expect(decide(5, .status(503)) != .giveUp)
        #expect(decide(6, .status(503)) == .giveUp)
        for event in [Event.status(503), .status(429), .transport(.timeout), .transport(.connect)] {
            let decision = policy.decide(
                attempt: 6, RetryPolicy.Outcome(event: event), jitter: 0.5, contact: .lost)
            #expect(decision != .giveUp)
        }
        var bounded = policy
        bounded.outlastsOutages = false
        #expect(
            bounded.decide(
                attempt: 6, RetryPolicy.Outcome(event: .status(503)), jitter: 0.5,
                contact: .lost) == .giveUp)
    }

    @Test(
        arguments: [
            (Event.status(503), nil, Duration.seconds(0.75), true),
            (.status(503), nil, .seconds(0.74), false), (.status(503), nil, .zero, false),
            (.transport(.timeout), nil, .seconds(-1), false),
            (.status(429), .seconds(20), .seconds(20), true),
            (.status(429), .seconds(20), .seconds(19), false),
            (.secondaryRateLimit, nil, .seconds(119), false),
        ] as [(Event, Duration?, Duration, Bool)])
    func `does not start a wait beyond the retry budget`(
        event: Event, after: Duration?, left: Duration, retries: Bool
    ) {
        let outcome = RetryPolicy.Outcome(event: event, retryAfter: after)
        let decision = policy.decide(attempt: 1, outcome, jitter: 0.5, left: left)
        #expect((decision != .giveUp) == retries)
    }

    @Test func `waits longest after a failed connection to a host that was reached before`() {
        let connect = (1...3).map { decide($0, .transport(.connect), jitter: 1) }
        #expect(connect == [5, 20, 20].map { .retry(after: .seconds($0)) })
        let lookup = (1...3).map { decide($0, .transport(.resolve), jitter: 1) }
        #expect(lookup == [1, 2, 2].map { .retry(after: .seconds($0)) })
        let unreached = (1...3).map {
            policy.decide(
                attempt: $0, RetryPolicy.Outcome(event: .transport(.connect)), jitter: 1,
                contact: .none)
        }
        #expect(unreached == lookup)
    }

    @Test func `F01 honors Retry-After up to five minutes`() {
        #expect(decide(1, .status(429), after: .seconds(300)) == .retry(after: .seconds(300)))
        #expect(decide(1, .status(429), after: .seconds(301)) == .giveUp)
        #expect(decide(1, .status(503), after: .seconds(4)) == .retry(after: .seconds(4)))
        #expect(decide(1, .status(500), after: .seconds(4)) == .retry(after: .seconds(4)))
    }

    @Test(
        arguments: [
            (1, nil, 300, 1), (4, nil, 300, 8), (9, nil, 300, 60), (9, nil, 59, nil),
            (1, 5, 300, 5), (3, 5, 300, 6), (1, 5, 4, nil), (1, 301, 300, nil),
        ] as [(Int, Int?, Int, Int?)])
    func `F01 closes the host for longer if it rejects all requests`(
        count: Int, asked: Int?, left: Int, expected: Int?
    ) {
        let outcome = RetryPolicy.Outcome(
            event: .status(429), retryAfter: asked.map { .seconds($0) })
        let pause = policy.pause(
            after: outcome, rejections: count, jitter: 1, left: .seconds(left))
        #expect(pause == expected.map { .seconds($0) })
        // A request that the host rejects again waits by itself.
        let decision = policy.decide(
            attempt: count, outcome, jitter: 1, left: .seconds(left))
        #expect(decision == expected.map { .retry(after: .seconds($0)) } ?? .giveUp)
    }

    @Test func `retries a throttled request until its retry budget ends`() {
        func retries(_ event: Event, after elapsed: Int, _ policy: RetryPolicy) -> Bool {
            policy.decide(
                attempt: 7, RetryPolicy.Outcome(event: event), jitter: 0,
                elapsed: .seconds(elapsed)) != .giveUp
        }
        #expect(retries(.status(429), after: 299, policy))
        #expect(!retries(.status(429), after: 300, policy))
        #expect(!retries(.status(503), after: 1, policy))
        #expect(retries(.status(429), after: 59, .attended))
        #expect(!retries(.status(429), after: 60, .attended))
        #expect(!retries(.status(429), after: 1, policy.optional))
        #expect(!retries(.secondaryRateLimit, after: 1, policy))
    }

    @Test func `closes no host because of another one's response`() {
        let outcome = RetryPolicy.Outcome(
            event: .status(429), retryAfter: .seconds(3), isFromElsewhere: true)
        #expect(policy.decide(attempt: 1, outcome, jitter: 0.5) == .retry(after: .seconds(3)))
    }

    @Test func `stops at the pull rate limit, and waits for minutes at a secondary limit`() {
        #expect(decide(1, .quotaExhausted) == .giveUp)
        #expect(
            decide(1, .secondaryRateLimit) == .retry(after: .seconds(120)))
        #expect(decide(4, .secondaryRateLimit) == .giveUp)
    }

    @Test(
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199),
            ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200),
            ("Tue, 19 Jan 2038 03:14:08 GMT", 2_147_483_648),
            ("Sunday, 06-Nov-94 08:49:37 GMT", nil), ("Sun Nov  6 08:49:37 1994", nil),
            ("Sun, 06 Nov 1994 08:49:37 CET", nil), ("Sun, 6 Nov 1994 08:49:37 GMT", nil),
            ("Sun, 06 nov 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 24:49:37 GMT", nil),
            ("Sun, 06 Nov +994 08:49:37 GMT", nil), ("", nil),
        ] as [(String, Int?)])
    func `parses dates`(text: String, seconds: Int?) {
        #expect(HTTPDate.parse(text) == seconds)
    }
}
