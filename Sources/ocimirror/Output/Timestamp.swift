// SPDX-License-Identifier: Apache-2.0

internal import Mirroring

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
