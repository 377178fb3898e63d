// SPDX-License-Identifier: Apache-2.0

internal import Mirroring

/// A second in UTC.
struct Timestamp: Hashable, Sendable, CustomStringConvertible {
    /// How many seconds it lies after the beginning of 1970-01-01.
    let secondsSinceEpoch: Int

    /// This second.
    static var now: Timestamp { Timestamp(secondsSinceEpoch: CurrentProcess.secondsSinceEpoch()) }

    /// The day that it is in.
    var day: CalendarDay { CalendarDay(daysSinceEpoch: secondsSinceEpoch / 86_400) }

    /// `2026-07-01T02:00:00Z`, as RFC 3339 has it.
    var description: String {
        let second = secondsSinceEpoch % 86_400
        let parts = [second / 3600, second / 60 % 60, second % 60].map { number in
            number < 10 ? "0\(number)" : "\(number)"
        }
        return "\(day)T\(parts.joined(separator: ":"))Z"
    }
}
