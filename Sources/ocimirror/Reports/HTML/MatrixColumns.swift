// SPDX-License-Identifier: Apache-2.0

internal import Mirroring
internal import OCI

/// The columns of the matrix.
struct MatrixColumns {
    /// The platforms with their own column: those that all images require.
    let platforms: [Platform]
    /// A Boolean value that indicates whether an image has more platforms, which are counted in one
    /// column.
    let hasOthers: Bool
    /// The day relative to which ages are calculated.
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

    /// The number of columns.
    var count: Int { platforms.count + (hasOthers ? 7 : 6) }

    /// Returns the platforms of an image that have no column of their own.
    func others(of outcome: ImageOutcome?) -> [Platform] {
        (outcome?.facts.platforms ?? []).map(\.platform).filter { platform in
            !platforms.contains { $0.matches(platform) }
        }
    }
}
