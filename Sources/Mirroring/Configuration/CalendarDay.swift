// SPDX-License-Identifier: Apache-2.0

/// A day of the Gregorian calendar, without time and time zone.
public struct CalendarDay: Hashable, Sendable {
    /// The number of days since 1970-01-01.
    public let daysSinceEpoch: Int

    /// Creates a day.
    public init(daysSinceEpoch: Int) {
        self.daysSinceEpoch = daysSinceEpoch
    }

    /// Creates a day from its parts, or returns `nil` if the calendar has no such day.
    ///
    /// Years range from 1 to 9999.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month),
            day >= 1, day <= Self.length(ofMonth: month, year: year)
        else { return nil }
        let before = (1..<month).reduce(0) { $0 + Self.length(ofMonth: $1, year: year) }
        self.daysSinceEpoch = Self.daysBefore(year: year) + before + day - 1 - Self.epoch
    }

    /// Parses `YYYY-MM-DD`, or returns `nil` for another form or a day that does not exist.
    public init?(parsing text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2],
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// Creates the day of the creation time that an image config states, or returns `nil` for text
    /// that is not a time and for the placeholders that reproducible builds write: the beginning of
    /// an epoch, 2000 at the latest.
    public init?(creationTime text: String) {
        guard let day = Self(parsing: String(text.prefix(10))), day.parts.year > 2000 else {
            return nil
        }
        self = day
    }

    /// The year, month and day, each counted from 1.
    public var parts: (year: Int, month: Int, day: Int) {
        // The estimate is never too late; at most two steps lead to the year.
        let days = daysSinceEpoch + Self.epoch
        var year = days / 366 + 1
        while Self.daysBefore(year: year + 1) <= days { year += 1 }
        while Self.daysBefore(year: year) > days { year -= 1 }
        var rest = days - Self.daysBefore(year: year)
        var month = 1
        while month < 12, rest >= Self.length(ofMonth: month, year: year) {
            rest -= Self.length(ofMonth: month, year: year)
            month += 1
        }
        return (year, month, rest + 1)
    }

    /// 1970-01-01, counted from 0001-01-01.
    private static let epoch = daysBefore(year: 1970)

    /// Returns the number of days between 0001-01-01 and January 1 of a year.
    private static func daysBefore(year: Int) -> Int {
        let past = year - 1
        return past * 365 + past / 4 - past / 100 + past / 400
    }

    private static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension CalendarDay: Comparable, CustomStringConvertible {
    /// Orders days by date.
    public static func < (first: CalendarDay, second: CalendarDay) -> Bool {
        first.daysSinceEpoch < second.daysSinceEpoch
    }

    /// `YYYY-MM-DD`.
    public var description: String {
        let (year, month, day) = parts
        return "\(Self.padded(year, to: 4))-\(Self.padded(month, to: 2))-\(Self.padded(day, to: 2))"
    }

    private static func padded(_ number: Int, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
