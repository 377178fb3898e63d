// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Validation

extension ImageRequirements {
    /// Creates the requirements of a configuration entry on a given day.
    init(_ entry: ImageEntry, platforms: [Platform], today: CalendarDay) {
        self.init(
            platforms: platforms,
            level: entry.isArtifact ? .index : entry.requires.isEmpty ? entry.validation : .content,
            isArtifact: entry.isArtifact, paths: entry.requires,
            exception: entry.exception.map { exception in
                ImageRequirements.Exception(
                    platforms: exception.platforms, reason: exception.reason,
                    until: exception.until?.description,
                    daysLeft: exception.until.map { $0.daysSinceEpoch - today.daysSinceEpoch })
            })
    }
}
