// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Validation

/// The verdict of one validation level on one platform's image.
public enum PlatformVerdict: String, Sendable, CaseIterable {
    /// No rule found an error.
    case ok
    /// A rule found an error.
    case rejected = "failed"
    /// The rules could not be applied.
    case notChecked = "not-checked"

    /// Creates the verdict from findings.
    ///
    /// - Parameters:
    ///   - findings: The findings of the level on any platform.
    ///   - platform: The platform of the verdict.
    init(_ findings: [Finding], on platform: Platform) {
        let own = findings.filter { $0.platform?.matches(platform) == true }
        if own.contains(where: { $0.severity == .error }) {
            self = .rejected
        } else {
            let isUnchecked = own.contains { $0.id == .notChecked && $0.severity == .warning }
            self = isUnchecked ? .notChecked : .ok
        }
    }
}

extension CheckedImage {
    /// Records the verdict of the metadata for each required platform.
    mutating func recordMetadata(_ report: ValidationReport, _ required: ImageRequirements) {
        metadataReport = report
        guard required.level >= .config else { return }
        for position in platforms.indices where required.includes(platforms[position].platform) {
            platforms[position].config = PlatformVerdict(
                report.findings, on: platforms[position].platform)
        }
    }

    /// Records the verdict of the content for each required platform whose layers were read
    /// completely.
    mutating func recordContent(
        _ report: ValidationReport, isRead: (PlatformImage) -> Bool,
        _ required: ImageRequirements
    ) {
        self.report = report
        guard let metadataReport, metadataReport.isAccepted, required.level >= .content else {
            return
        }
        let findings = report.findings.filter { !metadataReport.findings.contains($0) }
        for position in platforms.indices where required.includes(platforms[position].platform) {
            let verdict = PlatformVerdict(findings, on: platforms[position].platform)
            guard verdict != .ok || isRead(platforms[position]) else { continue }
            platforms[position].content = verdict
        }
    }
}

extension ImageRequirements {
    fileprivate func includes(_ platform: Platform) -> Bool {
        effectivePlatforms.contains { $0.matches(platform) }
    }
}
