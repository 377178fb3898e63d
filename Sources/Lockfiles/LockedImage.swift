// SPDX-License-Identifier: Apache-2.0

public import OCI

/// One image as it stands in a lock: what was mirrored, where it is, and what was proved.
public struct LockedImage: Hashable, Sendable {
    /// One platform's manifest below the index.
    public struct PlatformPin: Hashable, Sendable {
        /// The manifest's digest.
        public var digest: Digest
        /// The manifest's size in bytes.
        public var size: Int

        /// Makes a pin.
        public init(digest: Digest, size: Int) {
            self.digest = digest
            self.size = size
        }
    }

    /// A manifest that refers to the image, as it was verified at the target: a signature, an SBOM.
    public struct Referrer: Hashable, Sendable {
        /// The digest of the referrer's manifest.
        public var digest: Digest
        /// The tag by which clients find it, such as `sha256-<hex>.sig`; nil where the manifest
        /// names its subject.
        public var tag: Tag?

        /// Creates a referrer.
        public init(digest: Digest, tag: Tag? = nil) {
            self.digest = digest
            self.tag = tag
        }
    }

    /// What was asked for, as a reference or an `oci:` path.
    public var source: String
    /// The same bytes at the source, by digest.
    public var upstream: String
    /// Where the image is.
    public var repository: Repository
    /// The version tag under which it is there; nil for a channel tag and for an untagged image.
    public var tag: Tag?
    /// The digest of the index, or of the one manifest.
    public var digest: Digest
    /// What the digest names.
    public var mediaType: MediaType
    /// Its size in bytes.
    public var size: Int
    /// How far it was proved without a finding that is an error.
    public var validation: ValidationLevel
    /// Paths and commands that were proved to be there.
    public var requires: [String]
    /// The runnable images, each platform without a version of the operating system.
    public var platforms: [Platform: PlatformPin]
    /// The referrers of the image and of what it consists of, sorted by digest and tag.
    public var referrers: [Referrer] {
        didSet { referrers = referrers.uniqueAndSorted }
    }

    /// Makes a block.
    public init(
        source: String, upstream: String, repository: Repository, tag: Tag?, digest: Digest,
        mediaType: MediaType, size: Int, validation: ValidationLevel, requires: [String] = [],
        platforms: [Platform: PlatformPin], referrers: [Referrer] = []
    ) {
        self.source = source
        self.upstream = upstream
        self.repository = repository
        self.tag = tag
        self.digest = digest
        self.mediaType = mediaType
        self.size = size
        self.validation = validation
        self.requires = requires
        self.platforms = platforms
        self.referrers = referrers.uniqueAndSorted
    }

    /// The reference for people, by tag and digest; nil where there is no version tag.
    public var ref: Reference? { tag.map { Reference(repository, tag: $0, digest: digest) } }

    /// The reference for machines: by digest alone.
    public var pinned: Reference { Reference(repository, digest: digest) }
}

extension LockedImage.Referrer: Comparable {
    /// Orders referrers by digest, those without a tag first.
    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.sortKey < rhs.sortKey }

    private var sortKey: (String, String) { (digest.description, tag?.name ?? "") }
}

extension [LockedImage.Referrer] {
    fileprivate var uniqueAndSorted: Self { Set(self).sorted() }
}
