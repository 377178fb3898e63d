// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@testable import Registry

@Suite struct PullAllowanceTests {
    private func allowance(reserve: Int = 0, left: String?) -> PullRateLimit {
        var allowance = PullRateLimit(reserve: reserve)
        allowance.note(left.map { ["ratelimit-remaining": $0] } ?? [:])
        return allowance
    }

    @Test(
        arguments: [
            ("76;w=21600", 76), ("0;w=21600", 0), ("5", 5), ("-1;w=21600", nil), ("many", nil),
            (nil, nil),
        ] as [(String?, Int?)])
    func `F17 reads what is left`(field: String?, expected: Int?) {
        #expect(allowance(left: field).left == expected)
    }

    @Test func `allows everything where nothing is said`() {
        var allowance = allowance(reserve: 10, left: nil)
        var claims = 0
        for _ in 0..<1000 where allowance.claim() { claims += 1 }
        #expect(claims == 1000)
    }

    @Test func `F17 counts pulls that are under way, so that many at once spend no more`() {
        var allowance = allowance(reserve: 10, left: "13;w=21600")
        let claims = (0..<5).map { _ in allowance.claim() }
        #expect(claims == [true, true, true, false, false])
        allowance.settle()
        allowance.note(["ratelimit-remaining": "12;w=21600"])
        let early = allowance.claim()
        #expect(!early)
        allowance.settle()
        let late = allowance.claim()
        #expect(late)
    }

    @Test func `stops at a refusal, until the registry says otherwise`() {
        var allowance = allowance(left: nil)
        allowance.isUsedUp()
        let refused = allowance.claim()
        allowance.note(["ratelimit-remaining": "100;w=21600"])
        let allowed = allowance.claim()
        #expect(!refused && allowed)
    }
}
