// SPDX-License-Identifier: Apache-2.0

internal import Content
public import Lockfiles
public import OCI
internal import TextSafety
public import Validation

/// The result of checking one image.
public struct CheckedImage: Sendable {
    /// One platform's image.
    public struct PlatformImage: Hashable, Sendable {
        /// The platform.
        public let platform: Platform
        /// The descriptor of the manifest.
        public let descriptor: Descriptor
        /// The compressed size of the config and all layers in bytes.
        public let downloadSize: Int
        /// The creation day that the config states.
        ///
        /// It is `nil` if the config was not read or states no plausible day: reproducible builds
        /// date their images to the beginning of an epoch.
        public let created: CalendarDay?
        /// The verdict on the config; `nil` if it was not checked.
        public internal(set) var config: PlatformVerdict?
        /// The verdict on the layers; `nil` if they were not checked, or if the image was rejected
        /// before.
        public internal(set) var content: PlatformVerdict?
        /// The digests of the layers.
        let layers: Set<Digest>
    }

    /// The lock entry of an image.
    public struct InLock: Sendable {
        /// The ID of the lock entry.
        public let id: String
        /// The lock entry.
        public let entry: LockedImage
    }

    /// The reference of the image, as given.
    public let name: String
    /// The descriptor to which the name resolves; `nil` if there is no such image.
    public internal(set) var descriptor: Descriptor?
    /// The runnable images, sorted by platform.
    public internal(set) var platforms: [PlatformImage] = []
    /// The report on manifests and configs; `nil` if they were not checked.
    public internal(set) var metadataReport: ValidationReport?
    /// The report of all rules; `nil` if they were not applied.
    public internal(set) var report: ValidationReport?
    /// The number of attestation manifests in the index.
    public internal(set) var attestations = 0
    /// The artifacts that refer to the image; `nil` if they could not be listed.
    public internal(set) var attachments: [Attachment]?
    /// The lock entry of the image.
    public internal(set) var lock: InLock?
    /// Existing tags that resemble a missing tag or the tag of a rejected image.
    public internal(set) var suggestedTags: NearestTags?
    /// A tag whose index lists every required platform.
    public internal(set) var completeTag: Tag?
    /// The reason why the image was not checked, or why it is rejected.
    public internal(set) var failure: ImageFailure?

    /// A Boolean value that indicates whether the image passed validation, or a lock entry covers
    /// it.
    public var isAccepted: Bool {
        failure == nil && (report.map(\.isAccepted) ?? (lock != nil))
    }

    /// A Boolean value that indicates whether the image is rejected only because platforms are
    /// missing, which another tag is known to have if its index lists them.
    var lacksPlatforms: Bool {
        let errors = report?.findings.filter { $0.severity == .error } ?? []
        return failure == nil && !errors.isEmpty
            && errors.allSatisfy { [.platformMissing, .notAnIndex].contains($0.id) }
    }

    init(name: String) { self.name = name }
}

/// An event during a check.
public enum CheckEvent: Sendable {
    /// The manifests and configs were validated; the layers follow.
    case metadataValidated(CheckedImage, layers: Int, bytes: Int)
}

extension CheckedImage.PlatformImage {
    init?(_ image: LoadedImage.PlatformImage) {
        guard let platform = image.platform else { return nil }
        self.platform = platform
        self.descriptor = image.descriptor
        self.downloadSize = ([image.manifest.config] + image.manifest.layers)
            .reduce(0) { $0.plus($1.size) }
        self.layers = Set(image.manifest.layers.map(\.digest))
        self.created = image.config?.created.flatMap { CalendarDay(creationTime: $0) }
    }
}

/// Artifacts of one kind that refer to an image, such as signatures and SBOMs.
public struct Attachment: Hashable, Sendable {
    /// The kind, escaped for display.
    public let kind: String
    /// The number of artifacts.
    public let count: Int

    /// The kinds by the tag suffixes of cosign.
    ///
    /// Source: cosign's specification of signatures, § Discovery.
    private static let kinds = [
        ".sig": "cosign signature", ".att": "cosign attestation", ".sbom": "cosign SBOM",
    ]

    /// Returns the artifacts that refer to a digest, from the referrers API and from cosign's tags.
    ///
    /// This costs one request for the referrers and one HEAD request for each possible cosign tag.
    ///
    /// - Returns: The artifacts, by kind.
    /// - Throws: The error of the source, or `CancellationError`.
    static func all(of subject: Digest, in source: any ContentSource) async throws -> [Attachment] {
        let tags = try subject.cosignTags()
        return try await withThrowingTaskGroup(of: [String].self) { group in
            for tag in tags {
                group.addTask {
                    guard try await source.resolve(.tag(tag)) != nil else { return [] }
                    return kinds.filter { tag.name.hasSuffix($0.key) }.map(\.value)
                }
            }
            group.addTask {
                try await referrers(of: subject, in: source).map { entry in
                    UntrustedText((entry.artifactType ?? entry.mediaType).name).display(limit: 100)
                }
            }
            var all: [String] = []
            for try await kinds in group { all += kinds }
            return Dictionary(grouping: all) { $0 }
                .map { Attachment(kind: $0, count: $1.count) }.sorted { $0.kind < $1.kind }
        }
    }

    private static func referrers(
        of subject: Digest, in source: any ContentSource
    ) async throws -> [Descriptor] {
        if let listed = try await source.referrers(of: subject) { return listed }
        guard let list = try await source.resolve(.tag(subject.referrersTag())),
            list.mediaType.isIndex,
            case .index(let index) = try await source.fetch(manifest: list).decoded()
        else { return [] }
        return index.manifests
    }
}
