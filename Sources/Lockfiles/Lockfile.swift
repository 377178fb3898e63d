// SPDX-License-Identifier: Apache-2.0

public import OCI

/// The digests of all images at one target.
///
/// A lock file is also a Helm values file.
///
/// Images are a mapping by id because Helm merges mappings and replaces lists. They are below
/// `global` because Helm passes `global` to subcharts.
public struct Lockfile: Hashable, Sendable {
    /// The version of the format.
    public static let schema = 1
    /// The keys that lead to the content of a lock file, unless its target has others.
    public static let defaultRoot = ["global", "ocimirror"]
    /// The maximum size of a lock file in bytes: that of some ten thousand images.
    public static let maximumByteCount = 16 << 20

    /// The keys that lead to the content of the lock file.
    public var root: [String]
    /// The hash of the configuration that the lock file was written from.
    public var inputs: Digest
    /// The validation level that the configuration requires; `nil` requires none.
    public var validation: ValidationLevel?
    /// The images by id.
    public var images: [String: LockedImage]

    /// Creates a lock file.
    public init(
        root: [String] = defaultRoot, inputs: Digest, validation: ValidationLevel?,
        images: [String: LockedImage] = [:]
    ) {
        self.root = root
        self.inputs = inputs
        self.validation = validation
        self.images = images
    }
}

/// An image in a lock file: its source, its location at the target, and its validation level.
public struct LockedImage: Hashable, Sendable {
    /// The manifest of one platform in an index.
    public struct PlatformPin: Hashable, Sendable {
        /// The digest of the manifest.
        public var digest: Digest
        /// The size of the manifest in bytes.
        public var size: Int

        /// Creates a platform manifest.
        public init(digest: Digest, size: Int) {
            self.digest = digest
            self.size = size
        }
    }

    /// A referrer of the image, such as a signature or an SBOM, as verified at the target.
    public struct Referrer: Hashable, Sendable {
        /// The digest of the referrer's manifest.
        public var digest: Digest
        /// The tag by which clients find the referrer, such as `sha256-<hex>.sig`; `nil` if the
        /// manifest has a `subject`.
        public var tag: Tag?

        /// Creates a referrer.
        public init(digest: Digest, tag: Tag? = nil) {
            self.digest = digest
            self.tag = tag
        }
    }

    /// The source in the configuration: a reference or an `oci:` path.
    public var source: String
    /// The same content at the source, by digest.
    public var upstream: String
    /// The repository at the target.
    public var repository: Repository
    /// The version tag at the target; `nil` for a floating tag and for an untagged image.
    public var tag: Tag?
    /// The digest of the index, or of the manifest if there is no index.
    public var digest: Digest
    /// The media type of the content that the digest identifies.
    public var mediaType: MediaType
    /// The size of the index or manifest in bytes.
    public var size: Int
    /// The highest level at which every required platform was checked without an error.
    public var validation: ValidationLevel
    /// The required platforms whose content could not be checked, sorted.
    ///
    /// The level `content` was tried; another attempt on the same content has the same result.
    public var notChecked: [Platform]
    /// Paths and commands that validation found in the image.
    public var requires: [String]
    /// The runnable images by platform, without a version of the operating system.
    public var platforms: [Platform: PlatformPin]
    /// The referrers of the image and of its manifests, sorted by digest and tag.
    public var referrers: [Referrer] {
        didSet { referrers = referrers.uniqueAndSorted }
    }
    /// A Boolean value that indicates whether the last attempt to copy the referrers failed, so that
    /// the next run repeats it.
    public var hasIncompleteReferrers: Bool

    /// Creates an entry.
    public init(
        source: String, upstream: String, repository: Repository, tag: Tag?, digest: Digest,
        mediaType: MediaType, size: Int, validation: ValidationLevel,
        notChecked: [Platform] = [], requires: [String] = [], platforms: [Platform: PlatformPin],
        referrers: [Referrer] = [], hasIncompleteReferrers: Bool = false
    ) {
        self.source = source
        self.upstream = upstream
        self.repository = repository
        self.tag = tag
        self.digest = digest
        self.mediaType = mediaType
        self.size = size
        self.validation = validation
        self.notChecked = notChecked.sorted()
        self.requires = requires
        self.platforms = platforms
        self.referrers = referrers.uniqueAndSorted
        self.hasIncompleteReferrers = hasIncompleteReferrers
    }

    /// The level at which the image was validated, including platforms whose content could not be
    /// checked.
    public var attemptedValidation: ValidationLevel { notChecked.isEmpty ? validation : .content }

    /// The reference by tag and digest, for users; `nil` if there is no version tag.
    public var ref: Reference? { tag.map { Reference(repository, tag: $0, digest: digest) } }

    /// The reference by digest, for programs.
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
