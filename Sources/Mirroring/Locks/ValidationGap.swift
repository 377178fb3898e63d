// SPDX-License-Identifier: Apache-2.0

internal import Lockfiles
public import OCI
internal import Validation

/// A requirement that a lock entry does not cover.
public enum ValidationGap: Hashable, Sendable {
    /// The image was validated at a lower level.
    case level(ValidationLevel, required: ValidationLevel)
    /// The lock entry has no image for these platforms.
    case platforms([Platform])
    /// These paths and commands were not checked.
    case paths([String])
}

extension ValidationGap: CustomStringConvertible {
    /// The gap in one line, with the lock file as subject.
    public var description: String {
        switch self {
        case .level(let level, let required):
            "the lock file records validation level '\(level.rawValue)', "
                + "but '\(required.rawValue)' is required"
        case .platforms(let platforms):
            "the lock file has no image for \(platforms.map(\.description).joined(separator: ", "))"
        case .paths(let paths):
            "the lock file does not record a check of \(paths.joined(separator: ", "))"
        }
    }
}

extension LockedImage {
    /// Returns a Boolean value that indicates whether the entry is that of an image and covers all
    /// requirements.
    func covers(
        _ image: PlannedImage, at descriptor: Descriptor, required: ImageRequirements
    ) -> Bool {
        digest == descriptor.digest && source == image.sourceText
            && upstream == image.upstreamText(descriptor.digest) && tag == image.versionTag
            && gaps(for: required).isEmpty
    }

    /// Returns the requirements that the lock entry does not cover; empty if validation is not
    /// needed again.
    func gaps(for required: ImageRequirements) -> [ValidationGap] {
        var gaps: [ValidationGap] = []
        if attemptedValidation < required.level {
            gaps.append(.level(validation, required: required.level))
        }
        let absent =
            required.isArtifact
            ? []
            : required.effectivePlatforms.filter { platform in
                !platforms.keys.contains { platform.matches($0) }
            }
        if !absent.isEmpty { gaps.append(.platforms(absent)) }
        let paths = Set(required.paths).subtracting(requires).sorted()
        if !paths.isEmpty { gaps.append(.paths(paths)) }
        return gaps
    }
}
