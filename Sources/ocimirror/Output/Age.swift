// SPDX-License-Identifier: Apache-2.0

internal import Mirroring

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
