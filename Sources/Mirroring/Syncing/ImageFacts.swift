// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
public import OCI
internal import Validation
public import TextSafety

/// What is known of an image's platforms, sizes and origin, whatever the verdict on it.
///
/// Of an image that was read it is all that its manifests and configurations say; of one that a lock
/// already proves, and that nobody reads again, it is what the lock says.
public struct ImageFacts: Hashable, Sendable {
    /// One image that a machine could run.
    public struct PlatformFacts: Hashable, Sendable {
        /// The platform.
        public let platform: Platform
        /// The digest of its manifest.
        public let digest: Digest
        /// That manifest's size in bytes.
        public let size: Int
        /// How many bytes its configuration and layers have as they travel; nil where they were not
        /// looked at.
        public let downloadSize: Int?
        /// When it was made, as its configuration says.
        public let created: UntrustedText?

        /// Makes facts.
        public init(
            platform: Platform, digest: Digest, size: Int, downloadSize: Int? = nil,
            created: UntrustedText? = nil
        ) {
            self.platform = platform
            self.digest = digest
            self.size = size
            self.downloadSize = downloadSize
            self.created = created
        }

        /// The day on which it was made; nil where it says none, or one that stands for none, as
        /// builds write that come out the same every time.
        public var day: CalendarDay? {
            created.flatMap { CalendarDay(parsing: String($0.raw.prefix(10))) }
                .flatMap { $0.parts.year > 2000 ? $0 : nil }
        }
    }

    /// A label by which a build says where it comes from.
    ///
    /// Source: image-spec, annotations.md, "Pre-Defined Annotation Keys".
    public enum Label: String, Sendable, CaseIterable {
        case revision
        case source
        case created
        case version

        /// The label's full name.
        public var name: String { "org.opencontainers.image.\(rawValue)" }
    }

    /// The runnable images, sorted by platform.
    public let platforms: [PlatformFacts]
    /// How many bytes all blobs of the image have together, each counted once; nil where they were
    /// not looked at.
    public let downloadSize: Int?
    /// The labels that a configuration has, the first platform's where they differ.
    public let labels: [Label: UntrustedText]

    /// Makes facts.
    public init(
        platforms: [PlatformFacts], downloadSize: Int? = nil, labels: [Label: UntrustedText] = [:]
    ) {
        self.platforms = platforms
        self.downloadSize = downloadSize
        self.labels = labels
    }

    /// Takes what an image that was read says of itself.
    init(_ image: LoadedImage) {
        var seen: Set<Platform> = []
        var labels: [Label: UntrustedText] = [:]
        var platforms: [PlatformFacts] = []
        for candidate in image.images {
            guard let platform = candidate.platform, seen.insert(platform).inserted else {
                continue
            }
            platforms.append(
                PlatformFacts(
                    platform: platform, digest: candidate.descriptor.digest,
                    size: candidate.descriptor.size,
                    downloadSize: Self.sum(
                        [candidate.manifest.config] + candidate.manifest.layers),
                    created: candidate.config?.created.map(UntrustedText.init)))
            for label in Label.allCases where labels[label] == nil {
                labels[label] = candidate.config?.labels[label.name].map(UntrustedText.init)
            }
        }
        self.init(
            platforms: platforms.sorted { $0.platform < $1.platform },
            downloadSize: Self.sum(image.graph.blobs), labels: labels)
    }

    /// Takes what a lock says of an image that nobody reads again.
    init(_ block: LockedImage) {
        self.init(
            platforms: block.platforms.sorted { $0.key < $1.key }.map {
                PlatformFacts(platform: $0.key, digest: $0.value.digest, size: $0.value.size)
            })
    }

    /// The sum of sizes; a manifest may claim more than can be counted.
    private static func sum(_ blobs: [Descriptor]) -> Int {
        blobs.reduce(0) { $0.plus($1.size) }
    }
}
