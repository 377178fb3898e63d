// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@testable import Registry

@Suite struct PullRateLimitTests {
    private func limit(reserve: Int = 0, left: String?) -> PullRateLimit {
        var limit = PullRateLimit(reserve: reserve)
        limit.record(left.map { ["ratelimit-remaining": $0] } ?? [:], in: "ratelimit-remaining")
        return limit
    }

    @Test(
        arguments: [
            ("76;w=21600", 76), ("0;w=21600", 0), ("5", 5), ("-1;w=21600", nil), ("many", nil),
            (nil, nil),
        ] as [(String?, Int?)])
    func `F17 parses the remaining pulls`(field: String?, expected: Int?) {
        #expect(limit(left: field).left == expected)
    }

    @Test func `is unlimited if the registry states none`() {
        var limit = limit(reserve: 10, left: nil)
        var claims = 0
        for _ in 0..<1000 where limit.claim() { claims += 1 }
        #expect(claims == 1000)
    }

    @Test func `F17 counts pulls in flight, so that concurrent ones do not exceed it`() {
        var limit = limit(reserve: 10, left: "13;w=21600")
        let claims = (0..<5).map { _ in limit.claim() }
        #expect(claims == [true, true, true, false, false])
        limit.settle()
        limit.record(["ratelimit-remaining": "12;w=21600"], in: "ratelimit-remaining")
        let early = limit.claim()
        #expect(!early)
        limit.settle()
        let late = limit.claim()
        #expect(late)
    }

    @Test func `permits no pull after it was reached, until the registry states more`() {
        var limit = limit(left: nil)
        limit.recordExhaustion()
        let rejected = limit.claim()
        limit.record(["ratelimit-remaining": "100;w=21600"], in: "ratelimit-remaining")
        let allowed = limit.claim()
        #expect(!rejected && allowed)
    }
}
