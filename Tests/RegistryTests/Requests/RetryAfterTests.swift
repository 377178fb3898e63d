// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@testable import Registry

@Suite struct RetryAfterTests {
    static let early = "Sun, 06 Nov 1994 08:49:37 GMT"
    static let late = "Sun, 06 Nov 1994 08:50:37 GMT"

    @Test(
        arguments: [
            ("7", nil, Duration.seconds(7)), ("0", nil, nil),
            ("99999999999999999999999", nil, .seconds(1 << 40)), ("-1", nil, nil),
            ("soon", nil, nil), ("", nil, nil), (late, early, .seconds(60)), (early, late, nil),
            (late, nil, nil), ("99999999999", nil, .seconds(99_999_999_999)),
        ] as [(String, String?, Duration?)])
    func `F01 parses the field in all forms, relative to the server's date`(
        value: String, date: String?, expected: Duration?
    ) {
        var fields: HTTPFields = ["Retry-After": value]
        if let date { fields.append("Date", date) }
        #expect(RetryAfter.duration(in: fields, []) == expected)
        #expect(RetryAfter.duration(in: [:], []) == nil)
    }

    @Test(
        arguments: [
            ("retry-after: 10.3ms, allowed: 2000/minute", Duration.milliseconds(250)),
            ("toomanyrequests: Retry-After: 1.5s, allowed: 2000/minute", .seconds(1.5)),
            ("retry-after: 880\u{B5}s, allowed: 44000/minute", .milliseconds(250)),
            ("retry-after: 2m3s", .seconds(123)), ("retry-after: soon", nil), ("too many", nil),
            ("retry-after:", nil),
        ] as [(String, Duration?)])
    func `F01 parses GHCR's durations in the message of an error`(text: String, expected: Duration?)
    {
        let problem = DistributionError(code: "TOOMANYREQUESTS", message: text)
        #expect(RetryAfter.duration(in: [:], [problem]) == expected)
    }

    @Test func `prefers the field to the message`() {
        let problem = DistributionError(code: nil, message: "retry-after: 9s")
        #expect(RetryAfter.duration(in: ["Retry-After": "2"], [problem]) == .seconds(2))
    }

    @Test(
        arguments: [
            ("1h2m3.5s", Duration.seconds(3723.5)), ("100ns", .nanoseconds(100)),
            ("5us", .microseconds(5)), ("5\u{3BC}s", .microseconds(5)), ("", nil), ("5", nil),
            ("s", nil), ("1x", nil), ("1.2.3s", nil), ("-1s", nil), ("\u{0661}s", nil),
        ] as [(String, Duration?)])
    func `parses Go's durations`(text: String, expected: Duration?) {
        #expect(GoDuration.parse(text[...]) == expected)
    }
}
