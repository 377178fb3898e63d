// SPDX-License-Identifier: Apache-2.0

internal import Mirroring
internal import OCI

/// What the rows of a matrix have in common.
struct MatrixColumns {
    /// The platforms that have a column each: those that every image must have.
    let platforms: [Platform]
    /// Whether any image has more platforms, which are counted in one column.
    let hasOthers: Bool
    /// The day from which ages are counted.
    let today: CalendarDay

    init(for report: RunReport) {
        let required = report.required
        platforms = required
        today = report.began.day
        hasOthers = report.sync.outcomes.contains { outcome in
            outcome.facts.platforms.contains { facts in
                !required.contains { $0.matches(facts.platform) }
            }
        }
    }

    /// How many columns there are.
    var count: Int { platforms.count + (hasOthers ? 7 : 6) }

    /// The platforms of an image that have no column.
    func others(of outcome: ImageOutcome?) -> [Platform] {
        (outcome?.facts.platforms ?? []).map(\.platform).filter { platform in
            !platforms.contains { $0.matches(platform) }
        }
    }
}
