// SPDX-License-Identifier: Apache-2.0

public import Lockfiles
public import OCI
public import Validation

/// What a target holds of one locked image.
public struct VerifiedImage: Sendable {
    /// Something that is not as the lock says, or not as the configuration asks.
    public enum Problem: Hashable, Sendable {
        /// The tag stands for other bytes, or for none.
        case tagMoved(Tag, now: Digest?)
        /// The tag stands for one platform's image instead of the index: what `docker push` leaves.
        case tagFlattened(Tag, now: Digest, Platform?)
        /// The index or manifest itself is gone.
        case manifestMissing(Digest)
        /// A manifest below the index is gone.
        case childMissing(Digest)
        /// A configuration or layer is gone, or has another size.
        case blobMissing(Digest)
        /// A platform's manifest is another than the lock says.
        case platformChanged(Platform)
        /// A referrer that the lock file lists is not as it was when it was verified.
        case referrer(LockedImage.Referrer, ReferrerProblem)
        /// Stored bytes cannot be used.
        case broken(String)
        /// The version tag stands for other bytes at the source, or for none.
        case sourceMoved(Tag, now: Digest?)
        /// The lock proves less than the configuration asks for.
        case insufficientlyValidated(ValidationGap)

        /// The referrer that the problem concerns; `nil` where it concerns the image itself.
        var referrer: LockedImage.Referrer? {
            if case .referrer(let referrer, _) = self { referrer } else { nil }
        }

        /// Whether the target lacks something that can be brought there again.
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
        /// Stored bytes cannot be used.
        case broken(String)
    }

    /// The id in the lock.
    public let id: String
    /// The block.
    public let block: LockedImage
    /// What is not as it should be; empty where all is well.
    public internal(set) var problems: [Problem] = []
    /// What was brought to the target again.
    public internal(set) var repaired: [Problem] = []
    /// What is worth knowing and wrong for nobody: an exception, a channel tag that moved on.
    public internal(set) var findings: [Finding] = []
    /// Why it could not be found out, or not be repaired.
    public internal(set) var failure: ImageFailure?
    /// How many manifests and blobs were seen to be there.
    public internal(set) var seen = 0

    init(id: String, block: LockedImage) {
        self.id = id
        self.block = block
    }
}

extension VerifiedImage.Problem: CustomStringConvertible {
    /// One line.
    public var description: String {
        switch self {
        case .tagMoved(let tag, nil): "tag \(tag) is gone"
        case .tagMoved(let tag, let now?): "tag \(tag) now stands for \(now.short)"
        case .tagFlattened(let tag, let now, let platform):
            "tag \(tag) now stands for \(now.short), one image"
                + (platform.map { " for \($0)" } ?? "") + " in the index's place"
        case .manifestMissing(let digest): "\(digest.short), the image itself, is gone"
        case .childMissing(let digest): "the child manifest \(digest.short) is gone"
        case .blobMissing(let digest): "the blob \(digest.short) is gone"
        case .platformChanged(let platform): "\(platform) is another manifest than the lock says"
        case .broken(let reason): reason
        case .referrer(let referrer, let problem):
            "referrer \(referrer.tag?.name ?? referrer.digest.short) \(problem)"
        case .sourceMoved(let tag, nil): "upstream, tag \(tag) is gone"
        case .sourceMoved(let tag, let now?): "upstream, tag \(tag) now stands for \(now.short)"
        case .insufficientlyValidated(let shortfall): shortfall.description
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
