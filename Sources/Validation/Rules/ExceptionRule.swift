// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// Reports an exception that is in force, about to expire or expired.
struct ExceptionRule: Rule {
    /// Runs at every level.
    let level = ValidationLevel.index

    /// Returns a finding for each exception, so that every report shows it.
    func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding] {
        [required.exceptionFinding].compactMap(\.self)
    }
}

extension ImageRequirements {
    /// The number of days before the end of an exception from which on a warning is reported.
    static let warningDays = 14

    /// The finding about the exception; it does not depend on the image.
    public var exceptionFinding: Finding? {
        guard let exception else { return nil }
        let on = exception.until.map { " on \($0)" } ?? ""
        switch exception.daysLeft {
        case let days? where days < 0:
            return Finding(
                .exceptionExpired, .warning,
                "exception expired\(on), all platforms are required: \(exception.reason)")
        case let days? where days <= Self.warningDays:
            let end = days == 0 ? "today" : days == 1 ? "tomorrow" : "in \(days) days"
            return Finding(
                .exceptionExpired, .warning,
                "exception expires \(end)\(on.isEmpty ? "" : "," + on): \(exception.reason)")
        default:
            let only = exception.platforms.map(\.description).joined(separator: ", ")
            return Finding(
                .exceptionUsed, .note,
                "only \(only) required\(exception.until.map { " until \($0)" } ?? ""): "
                    + exception.reason)
        }
    }
}
