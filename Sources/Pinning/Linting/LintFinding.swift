// SPDX-License-Identifier: Apache-2.0

public import YAML

/// A finding about a pin.
public struct LintFinding: Hashable, Sendable {
    /// The kind of finding.
    public let code: LintCode
    /// The severity of the finding.
    public let severity: LintSeverity
    /// The position in the file.
    public let mark: YAMLMark
    /// The path in the document.
    public let path: SitePath
    /// The problem, the image, and the correction.
    public let message: String
}

/// The lint results for a file.
public struct LintedFile: Hashable, Sendable {
    /// The path of the file, as given.
    public let path: String
    /// The findings, in the order of the file.
    public var findings: [LintFinding] = []
    /// The number of images in the file.
    public var siteCount = 0
    /// The error for which the file could not be read.
    public var error: YAMLError?

    /// Creates the result for a file without findings.
    ///
    /// - Parameters:
    ///   - path: The path of the file, as given.
    ///   - error: The error for which the file could not be read.
    public init(path: String, error: YAMLError? = nil) {
        self.path = path
        self.error = error
    }
}

/// The codes of lint findings; their names are stable.
public enum LintCode: String, Hashable, Sendable, CaseIterable {
    /// An image without a digest.
    case unpinned
    /// A floating tag, with or without a digest.
    case floatingTag = "floating-tag"
    /// A digest of one platform in place of the index digest.
    case childDigest = "child-digest"
    /// An image that lacks a platform that most images of the lock file have.
    case missingPlatform = "missing-platform"
    /// A digest or repository that the lock file does not have.
    case notInLock = "not-in-lock"
    /// A tag that the lock file has with another digest.
    case tagDigestDisagree = "tag-digest-disagree"
    /// An image that the lock file has with another tag.
    case versionDiffers = "version-differs"
    /// `sha256:` in place of bare digits, or the reverse.
    case digestForm = "digest-form"
    /// A digest after a tag that the chart also uses elsewhere.
    case tagAtUnsafe = "tag-at-unsafe"
    /// A digest after a tag whose use by the chart is unknown, because not all templates were read.
    case tagUseUnknown = "tag-use-unknown"
    /// A digest that is disabled, so the chart does not use it.
    case switchOff = "switch-off"
    /// A layer that changes the repository or tag and inherits another image's digest.
    case digestInherited = "digest-inherited"
    /// One tag for several images, which cannot hold a digest.
    case sharedTag = "shared-tag"
    /// A tag whose repository is not in the file, and not in a file below it.
    case repositoryElsewhere = "repository-elsewhere"
    /// A version that YAML readers resolve to a number or another value that is not text.
    case unquotedVersion = "unquoted-version"
    /// An image of the lock file in a value that is not known to be an image.
    case unrecognized = "unrecognized-image"
    /// A directive in a comment that is not beside an image.
    case unusedDirective = "unused-directive"
    /// A pull policy that contacts the registry at each start although the digest cannot change.
    case pullPolicy = "pull-policy"
    /// A value that aliases use in several places.
    case aliasFanOut = "alias-fan-out"
    /// Text of a template, which is not checked.
    case templateSkipped = "template-skipped"

    /// The description of the code, as a sentence.
    public var summary: String {
        switch self {
        case .unpinned: "An image has no digest."
        case .floatingTag: "The tag is a floating tag."
        case .childDigest: "The digest identifies one platform, not the index."
        case .missingPlatform:
            "The image lacks a platform that most images of the lock file have."
        case .notInLock: "The lock file has no entry for the image, or another digest."
        case .tagDigestDisagree: "The lock file has the tag with another digest."
        case .versionDiffers: "The lock file has the image with another tag."
        case .digestForm: "The digest has the wrong form."
        case .tagAtUnsafe: "The chart also uses the tag in a label or as a version."
        case .tagUseUnknown: "Not all templates that may use the tag were read."
        case .switchOff: "The digest is disabled, so the chart does not use it."
        case .digestInherited:
            "A layer changes the repository or tag and inherits the digest."
        case .sharedTag: "One tag is shared by several images."
        case .repositoryElsewhere: "The repository of a tag is defined elsewhere."
        case .unquotedVersion: "YAML readers do not read the version as text."
        case .unrecognized: "A value that is not known to be an image names one of the lock file."
        case .unusedDirective: "A directive is not beside an image."
        case .pullPolicy: "The pull policy is Always, although the digest cannot change."
        case .aliasFanOut: "Aliases use the same value elsewhere."
        case .templateSkipped: "A template is not checked."
        }
    }

    /// The severity, unless `pins.yaml` changes it.
    public var severity: LintSeverity {
        switch self {
        case .unpinned, .childDigest, .tagDigestDisagree, .versionDiffers, .digestForm,
            .switchOff, .digestInherited:
            .error
        case .floatingTag, .missingPlatform, .notInLock, .tagAtUnsafe, .tagUseUnknown, .sharedTag,
            .unquotedVersion, .unusedDirective:
            .warning
        case .pullPolicy, .aliasFanOut, .templateSkipped, .repositoryElsewhere, .unrecognized: .note
        }
    }
}

/// The severity of a finding.
public enum LintSeverity: String, Hashable, Sendable, CaseIterable {
    /// Not reported.
    case off
    case note
    case warning
    /// The check fails.
    case error
}
