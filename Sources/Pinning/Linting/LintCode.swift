// SPDX-License-Identifier: Apache-2.0

/// What the linter finds; the names are stable.
public enum LintCode: String, Hashable, Sendable, CaseIterable {
    /// An image without a digest.
    case unpinned
    /// A tag that moves by design, with or without a digest.
    case floatingTag = "floating-tag"
    /// A digest of one platform where the index's belongs.
    case childDigest = "child-digest"
    /// An image that the lock does not have for every platform of its other images.
    case missingPlatform = "missing-platform"
    /// A digest or repository that the lock does not know.
    case notInLock = "not-in-lock"
    /// A tag that the lock has with another digest.
    case tagDigestDisagree = "tag-digest-disagree"
    /// A tag that the lock has not, of an image that it has.
    case versionDiffers = "version-differs"
    /// `sha256:` where bare digits belong, or the other way round.
    case digestForm = "digest-form"
    /// A digest behind a tag that the chart also uses elsewhere.
    case tagAtUnsafe = "tag-at-unsafe"
    /// A digest whose switch is off, so that nobody uses it.
    case switchOff = "switch-off"
    /// A layer that changes the repository or tag and inherits another image's digest.
    case digestInherited = "digest-inherited"
    /// One tag for several images, which can hold no digest.
    case sharedTag = "shared-tag"
    /// A pull policy that asks the registry at each start although the digest cannot change.
    case pullPolicy = "pull-policy"
    /// One value that aliases use in several places.
    case aliasFanOut = "alias-fan-out"
    /// Text of a template, which is not looked into.
    case templateSkipped = "template-skipped"

    /// What is wrong, in a sentence.
    public var summary: String {
        switch self {
        case .unpinned: "An image has no digest."
        case .floatingTag: "A tag moves by design, digest or not."
        case .childDigest: "The digest is one platform's, not the index's."
        case .missingPlatform:
            "The mirror has not every platform that more than half of the other images have."
        case .notInLock: "The lock has no such image, or another digest of it."
        case .tagDigestDisagree: "The lock has the tag with another digest."
        case .versionDiffers: "The lock has the image with another tag."
        case .digestForm: "A prefix stands where bare digits belong, or the text is no digest."
        case .tagAtUnsafe: "The chart beside the file uses the tag in a label or as a version."
        case .switchOff: "The switch is off, so that nobody uses the digest."
        case .digestInherited:
            "A layer changes repository or tag and leaves the digest to a layer below."
        case .sharedTag: "One tag stands for several images."
        case .pullPolicy: "The policy is Always, although the digest cannot change."
        case .aliasFanOut: "Aliases use the same value elsewhere."
        case .templateSkipped: "A template is not looked into."
        }
    }

    /// How severe it is where `pins.yaml` says nothing.
    public var severity: LintSeverity {
        switch self {
        case .unpinned, .childDigest, .tagDigestDisagree, .versionDiffers, .digestForm,
            .switchOff, .digestInherited:
            .error
        case .floatingTag, .missingPlatform, .notInLock, .tagAtUnsafe, .sharedTag: .warning
        case .pullPolicy, .aliasFanOut, .templateSkipped: .note
        }
    }
}

/// What a finding means for the verdict.
public enum LintSeverity: String, Hashable, Sendable, CaseIterable {
    /// Not reported.
    case off
    case note
    case warning
    /// The answer is no.
    case error
}
