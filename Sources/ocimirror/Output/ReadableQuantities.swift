// SPDX-License-Identifier: Apache-2.0

internal import Mirroring

/// A number of bytes in readable units: up to three digits and a decimal unit.
struct ByteCount: CustomStringConvertible {
    let bytes: Int

    var description: String {
        var value = bytes
        var rest = 0
        for unit in ["B", "kB", "MB", "GB", "TB"] {
            if value < 1000 || unit == "TB" {
                guard unit != "B", value < 10 else { return "\(value) \(unit)" }
                return "\(value).\(rest / 100) \(unit)"
            }
            (value, rest) = value.quotientAndRemainder(dividingBy: 1000)
        }
        return "\(bytes) B"
    }
}

/// A duration in readable units: `80 ms`, `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`.
struct Elapsed: CustomStringConvertible {
    let duration: Duration

    var description: String {
        guard duration >= .milliseconds(100) else { return "\(duration.milliseconds) ms" }
        let tenths = duration.milliseconds / 100
        let seconds = tenths / 10
        if seconds < 10 { return "\(seconds).\(tenths % 10) s" }
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return "\(seconds / 60) min \(Self.twoDigits(seconds % 60)) s" }
        return "\(seconds / 3600) h \(Self.twoDigits(seconds / 60 % 60)) min"
    }

    private static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}

/// The age of a day in readable units: `today`, `12 days`, `5 months`, `3 years`.
struct Age: CustomStringConvertible {
    let days: Int

    init(of day: CalendarDay, on today: CalendarDay) {
        days = today.daysSinceEpoch - day.daysSinceEpoch
    }

    var description: String {
        switch days {
        case ..<0: "from the future"
        case 0: "today"
        case 1: "1 day"
        case ..<60: "\(days) days"
        case ..<730: "\(days / 30) months"
        default: "\(days / 365) years"
        }
    }
}

/// A point in time with a resolution of one second.
struct Timestamp: Hashable, Sendable, CustomStringConvertible {
    /// The seconds since 1970-01-01T00:00:00Z.
    let secondsSinceEpoch: Int

    /// The current time.
    static var now: Timestamp { Timestamp(secondsSinceEpoch: CurrentProcess.secondsSinceEpoch()) }

    /// The day in UTC.
    var day: CalendarDay { CalendarDay(daysSinceEpoch: secondsSinceEpoch / 86_400) }

    /// The time in the format of RFC 3339: `2026-07-01T02:00:00Z`.
    var description: String {
        let second = secondsSinceEpoch % 86_400
        let parts = [second / 3600, second / 60 % 60, second % 60].map { number in
            number < 10 ? "0\(number)" : "\(number)"
        }
        return "\(day)T\(parts.joined(separator: ":"))Z"
    }
}

extension Int {
    /// The number with thousands separators: `1,234,567`.
    var grouped: String {
        let digits = Array(String(magnitude))
        var text = self < 0 ? "-" : ""
        for (position, digit) in digits.enumerated() {
            if position > 0, (digits.count - position).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return text
    }
}

/// Returns a number with its noun: `1 blob`, `2,000 blobs`.
func counted(_ count: Int, _ noun: String, plural: String? = nil) -> String {
    "\(count.grouped) \(count == 1 ? noun : plural ?? "\(noun)s")"
}

/// Returns the first names of a list and the number of the others: `a, b and 970 more`.
func listed(_ names: [String], limit: Int = 10) -> String {
    // One name is not longer than its number.
    let shown = names.count > limit + 1 ? names.prefix(limit) : names[...]
    let rest = names.count - shown.count
    return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest.grouped) more" : "")
}
