// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Validation

/// What the rules of one level say of one platform's image.
public enum PlatformVerdict: String, Sendable, CaseIterable {
    /// Nothing speaks against it.
    case ok
    /// It is refused.
    case no
    /// It could not be judged.
    case notChecked = "not-checked"

    /// Reads it from findings.
    ///
    /// - Parameters:
    ///   - findings: what the rules of the level found on any platform.
    ///   - platform: the one in question.
    init(_ findings: [Finding], on platform: Platform) {
        let own = findings.filter { $0.platform?.matches(platform) == true }
        if own.contains(where: { $0.severity == .error }) {
            self = .no
        } else {
            self = own.contains { $0.id == .notChecked } ? .notChecked : .ok
        }
    }
}

extension CheckedImage {
    /// Notes what the manifests and configurations say of each required platform.
    mutating func note(claims report: ValidationReport, _ required: ImageRequirements) {
        claims = report
        guard required.level >= .config else { return }
        for position in platforms.indices where required.asks(for: platforms[position].platform) {
            platforms[position].config = PlatformVerdict(
                report.findings, on: platforms[position].platform)
        }
    }

    /// Notes what the layers say of each required platform; of one that was not read to its end nothing good
    /// is said.
    mutating func note(
        contents report: ValidationReport, isRead: (PlatformImage) -> Bool,
        _ required: ImageRequirements
    ) {
        self.report = report
        guard let claims, claims.isAccepted, required.level >= .content else { return }
        let findings = report.findings.filter { !claims.findings.contains($0) }
        for position in platforms.indices where required.asks(for: platforms[position].platform) {
            let verdict = PlatformVerdict(findings, on: platforms[position].platform)
            guard verdict != .ok || isRead(platforms[position]) else { continue }
            platforms[position].content = verdict
        }
    }
}

extension ImageRequirements {
    fileprivate func asks(for platform: Platform) -> Bool {
        effectivePlatforms.contains { $0.matches(platform) }
    }
}
