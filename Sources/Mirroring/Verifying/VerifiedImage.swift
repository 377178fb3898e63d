// SPDX-License-Identifier: Apache-2.0

public import Lockfiles
public import OCI
public import Validation

/// The result of verifying one locked image at a target.
public struct VerifiedImage: Sendable {
    /// A difference from the lock file or from the configuration.
    public enum Problem: Hashable, Sendable {
        /// The tag points to another digest or does not exist.
        case tagMoved(Tag, now: Digest?)
        /// The tag points to one platform's image instead of the index, as after `docker push`.
        case tagFlattened(Tag, now: Digest, Platform?)
        /// The index or manifest of the image is missing.
        case manifestMissing(Digest)
        /// A manifest below the index is missing.
        case childMissing(Digest)
        /// A config or layer is missing or has another size.
        case blobMissing(Digest)
        /// A platform's manifest differs from the lock file.
        case platformChanged(Platform)
        /// A referrer that the lock file lists differs from its state at verification.
        case referrer(LockedImage.Referrer, ReferrerProblem)
        /// Stored content is invalid.
        case broken(String)
        /// The version tag points to another digest at the source or does not exist there.
        case sourceMoved(Tag, now: Digest?)
        /// The lock entry covers less than the configuration requires.
        case insufficientlyValidated(ValidationGap)

        /// The referrer that the problem concerns; `nil` where it concerns the image itself.
        var referrer: LockedImage.Referrer? {
            if case .referrer(let referrer, _) = self { referrer } else { nil }
        }

        /// A Boolean value that indicates whether copying the locked content fixes the problem.
        public var isRepairable: Bool {
            switch self {
            case .tagMoved, .tagFlattened, .manifestMissing, .childMissing, .blobMissing,
                .broken, .referrer:
                true
            case .platformChanged, .sourceMoved, .insufficientlyValidated: false
            }
        }
    }

    /// A difference between a referrer at the target and the one that the lock file lists.
    public enum ReferrerProblem: Hashable, Sendable {
        /// The tag points to other content, or there is no such tag.
        case tagMoved(now: Digest?)
        /// The manifest is missing.
        case missing
        /// A manifest or blob below the referrer is missing.
        case incomplete(Digest)
        /// The target has the referrer, but does not list it for its subject.
        case unlisted(subject: Digest)
        /// Stored content is invalid.
        case broken(String)
    }

    /// The ID of the lock entry.
    public let id: String
    /// The lock entry.
    public let lockEntry: LockedImage
    /// The differences; empty if the target matches its lock file.
    public internal(set) var problems: [Problem] = []
    /// The problems that a repair fixed.
    public internal(set) var repaired: [Problem] = []
    /// Findings that are not problems: an exception, or a floating tag that moved at the source.
    public internal(set) var findings: [Finding] = []
    /// The reason why the image could not be verified or repaired.
    public internal(set) var failure: ImageFailure?
    /// The number of manifests and blobs that are present.
    public internal(set) var presentCount = 0

    init(id: String, lockEntry: LockedImage) {
        self.id = id
        self.lockEntry = lockEntry
    }
}

extension VerifiedImage.Problem: CustomStringConvertible {
    /// The problem in one line.
    public var description: String {
        switch self {
        case .tagMoved(let tag, nil): "tag \(tag) not found"
        case .tagMoved(let tag, let now?): "tag \(tag) now points to \(now.short)"
        case .tagFlattened(let tag, let now, let platform):
            "tag \(tag) now points to \(now.short), a single image"
                + (platform.map { " for \($0)" } ?? "") + " instead of the index"
        case .manifestMissing(let digest): "manifest \(digest.short) not found"
        case .childMissing(let digest): "child manifest \(digest.short) not found"
        case .blobMissing(let digest): "blob \(digest.short) not found"
        case .platformChanged(let platform): "\(platform): manifest differs from the lock file"
        case .broken(let reason): reason
        case .referrer(let referrer, let problem):
            "referrer \(referrer.tag?.name ?? referrer.digest.short) \(problem)"
        case .sourceMoved(let tag, nil): "tag \(tag) not found at the source"
        case .sourceMoved(let tag, let now?): "tag \(tag) now points to \(now.short) at the source"
        case .insufficientlyValidated(let gap): gap.description
        }
    }
}

extension VerifiedImage.ReferrerProblem: CustomStringConvertible {
    /// The predicate of a sentence about the referrer.
    public var description: String {
        switch self {
        case .tagMoved(nil): "is missing"
        case .tagMoved(let now?): "now points to \(now.short)"
        case .missing: "is missing"
        case .incomplete(let digest): "lacks \(digest.short)"
        case .unlisted(let subject): "is not listed for \(subject.short)"
        case .broken(let reason): "cannot be used: \(reason)"
        }
    }
}
