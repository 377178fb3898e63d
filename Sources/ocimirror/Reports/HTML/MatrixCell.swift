// SPDX-License-Identifier: Apache-2.0

internal import Mirroring
internal import OCI
internal import Validation

/// The result of an image for one platform.
enum MatrixCell: Hashable, Sendable {
    /// The platform is present and valid.
    case valid(ImageFacts.PlatformFacts)
    /// The platform is present, but the image is rejected for another reason.
    case present(ImageFacts.PlatformFacts)
    /// The platform was not validated.
    case notChecked
    /// The platform has this error.
    case invalid(Finding.ID)
    /// The platform is missing, and an exception permits that.
    case excepted
    /// The platform is missing and not required.
    case absent
    /// The platforms of the image are unknown.
    case unknown

    /// Creates the cell of a platform.
    ///
    /// - Parameters:
    ///   - platform: A required platform.
    ///   - outcome: The result of the image.
    init(on platform: Platform, of outcome: ImageOutcome) {
        let findings = outcome.findings.filter { finding in
            finding.platform.map(platform.matches) ?? false
        }
        let facts = outcome.facts.platforms.first { platform.matches($0.platform) }
        if let error = findings.first(where: { $0.severity == .error }) {
            self = .invalid(error.id)
        } else if findings.contains(where: { $0.id == .notChecked }) {
            self = .notChecked
        } else if let facts {
            self = outcome.isDone ? .valid(facts) : .present(facts)
        } else if outcome.facts.platforms.isEmpty, !outcome.image.entry.isArtifact {
            self = .unknown
        } else if outcome.image.entry.exception != nil {
            self = .excepted
        } else {
            self = .absent
        }
    }
}
