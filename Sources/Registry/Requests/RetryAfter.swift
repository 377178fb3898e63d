// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import TextSafety

/// The time that a server asks to wait.
enum RetryAfter {
    /// Returns the wait in the fields or the body of a response, or `nil` if there is
    /// none or it has passed.
    static func duration(in fields: HTTPFields, _ problems: [DistributionError]) -> Duration? {
        let asked =
            fields["retry-after"].map { field($0, date: fields["date"]) }
            ?? problems.lazy.compactMap { $0.message.flatMap { message($0.raw) } }.first
        return asked.flatMap { $0 > .zero ? $0 : nil }
    }

    /// Parses the `Retry-After` field: seconds, or a date.
    ///
    /// A date is compared with the server's `Date`, never with the local clock, because clocks
    /// differ.
    ///
    /// Source: RFC 9110 §10.2.3.
    private static func field(_ value: String, date: String?) -> Duration? {
        if !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // A number with more digits is longer than any wait that is granted.
            return .seconds(Int(value).map { min($0, 1 << 40) } ?? 1 << 40)
        }
        guard let then = HTTPDate.parse(value), let now = date.flatMap(HTTPDate.parse) else {
            return nil
        }
        return .seconds(then - now)
    }

    /// The minimum wait that is taken from a message: shorter ones describe a bucket that refills
    /// continuously, which the next burst would find empty again.
    static let leastOfMessage = Duration.milliseconds(250)

    /// Parses a wait from the text of an error.
    ///
    /// Source: GHCR responds `toomanyrequests: retry-after: 10.3ms, allowed: 2000/minute`.
    private static func message(_ text: String) -> Duration? {
        let text = text.lowercased()
        guard let label = text.firstRange(of: "retry-after:") else { return nil }
        let value = text[label.upperBound...].drop { $0 == " " }
            .prefix { $0 != "," && $0 != " " && $0 != ";" }
        return GoDuration.parse(value).map { max($0, leastOfMessage) }
    }
}

/// Durations as Go writes them: `1h2m3.5s`, `880µs`.
enum GoDuration {
    /// Returns a duration, or `nil` if the text is not one.
    static func parse(_ text: Substring) -> Duration? {
        var rest = text
        var sum = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest[digits.endIndex...]
            let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            rest = rest[unit.endIndex...]
            guard let value = Double(digits), let seconds = units[String(unit)] else { return nil }
            sum += value * seconds
        }
        return .seconds(min(sum, 1e12))
    }

    /// The micro sign and the Greek letter both denote microseconds.
    private static let units: [String: Double] = [
        "ns": 1e-9, "us": 1e-6, "\u{B5}s": 1e-6, "\u{3BC}s": 1e-6, "ms": 1e-3, "s": 1, "m": 60,
        "h": 3600,
    ]
}

/// Dates in HTTP's preferred format: `Sun, 06 Nov 1994 08:49:37 GMT`.
///
/// Source: RFC 9110 §5.6.7, IMF-fixdate.
enum HTTPDate {
    /// Returns the seconds since 1970, or `nil` if the text has another format.
    static func parse(_ text: String) -> Int? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].count == 4, parts[0].hasSuffix(","), parts[5] == "GMT",
            let day = digits(parts[1], 2), let month = months.firstIndex(of: String(parts[2])),
            let year = digits(parts[3], 4), let seconds = secondsOfDay(parts[4]),
            (1...31).contains(day), year >= 1970
        else { return nil }
        return days(year: year, month: month + 1, day: day) * 86_400 + seconds
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func secondsOfDay(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let hour = digits(parts[0], 2), let minute = digits(parts[1], 2),
            let second = digits(parts[2], 2), hour < 24, minute < 60, second <= 60
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    private static func digits(_ text: Substring, _ count: Int) -> Int? {
        guard text.utf8.count == count, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }

    /// Days since 1970-01-01 in the Gregorian calendar, with years counted from March.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }
}
