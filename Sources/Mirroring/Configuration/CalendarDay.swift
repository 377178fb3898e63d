// SPDX-License-Identifier: Apache-2.0

/// A day of the Gregorian calendar, without time and zone.
public struct CalendarDay: Hashable, Sendable {
    /// How many days it lies after 1970-01-01.
    public let daysSinceEpoch: Int

    /// Makes a day.
    public init(daysSinceEpoch: Int) {
        self.daysSinceEpoch = daysSinceEpoch
    }
}
