// SPDX-License-Identifier: Apache-2.0

internal import Mirroring
internal import OCI
internal import Validation

/// What a run says of one image on one platform.
enum MatrixCell: Hashable, Sendable {
    /// It is there, and nothing speaks against it.
    case good(ImageFacts.PlatformFacts)
    /// It is there, and the image is refused for another reason.
    case there(ImageFacts.PlatformFacts)
    /// It could not be judged.
    case notChecked
    /// This is wrong with it.
    case bad(Finding.ID)
    /// It is not there, and an exception says that it need not be.
    case excused
    /// It is not there, and nobody asks for it.
    case absent
    /// Nobody could look.
    case unknown

    /// Finds the verdict.
    ///
    /// - Parameters:
    ///   - platform: the platform, which every image has to have.
    ///   - outcome: what became of the image.
    init(on platform: Platform, of outcome: ImageOutcome) {
        let findings = outcome.findings.filter { finding in
            finding.platform.map(platform.matches) ?? false
        }
        let facts = outcome.facts.platforms.first { platform.matches($0.platform) }
        if let wrong = findings.first(where: { $0.severity == .error }) {
            self = .bad(wrong.id)
        } else if findings.contains(where: { $0.id == .notChecked }) {
            self = .notChecked
        } else if let facts {
            self = outcome.isDone ? .good(facts) : .there(facts)
        } else if outcome.facts.platforms.isEmpty, !outcome.image.entry.isArtifact {
            self = .unknown
        } else if outcome.image.entry.exception != nil {
            self = .excused
        } else {
            self = .absent
        }
    }
}
