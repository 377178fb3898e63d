// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
public import OCI
internal import Validation
public import TextSafety

/// The platforms, sizes and labels of an image, whether or not it passed validation.
///
/// They come from the manifests and configs if this run read the image. Otherwise they come from
/// the lock entry that already covers it.
public struct ImageFacts: Hashable, Sendable {
    /// The facts about one runnable platform image.
    public struct PlatformFacts: Hashable, Sendable {
        /// The platform.
        public let platform: Platform
        /// The digest of the platform's manifest.
        public let digest: Digest
        /// The size of the platform's manifest in bytes.
        public let size: Int
        /// The compressed size of the config and the layers in bytes; `nil` if this run did not
        /// read them.
        public let downloadSize: Int?
        /// The creation time that the config states.
        public let created: UntrustedText?

        /// Creates the facts of a platform.
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

        /// The creation day; `nil` if the config states none, or a placeholder that reproducible
        /// builds write.
        public var day: CalendarDay? { created.flatMap { CalendarDay(creationTime: $0.raw) } }
    }

    /// A label that describes the origin of an image.
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
    /// The compressed size of all blobs of the image in bytes, each counted once; `nil` if this run
    /// did not read them.
    public let downloadSize: Int?
    /// The labels of the configs; the first platform wins where they differ.
    public let labels: [Label: UntrustedText]

    /// Creates the facts of an image.
    public init(
        platforms: [PlatformFacts], downloadSize: Int? = nil, labels: [Label: UntrustedText] = [:]
    ) {
        self.platforms = platforms
        self.downloadSize = downloadSize
        self.labels = labels
    }

    /// Creates the facts from the manifests and configs of an image.
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

    /// Creates the facts from a lock entry.
    init(_ lockEntry: LockedImage) {
        self.init(
            platforms: lockEntry.platforms.sorted { $0.key < $1.key }.map {
                PlatformFacts(platform: $0.key, digest: $0.value.digest, size: $0.value.size)
            })
    }

    /// Returns the sum of the sizes, without overflow: a manifest may claim any size.
    private static func sum(_ blobs: [Descriptor]) -> Int {
        blobs.reduce(0) { $0.plus($1.size) }
    }
}
