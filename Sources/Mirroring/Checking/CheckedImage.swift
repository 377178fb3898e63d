// SPDX-License-Identifier: Apache-2.0

public import Lockfiles
public import OCI
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

    init(name: String) { self.name = name }
}

/// An event during a check.
public enum CheckEvent: Sendable {
    /// The manifests and configs were validated; the layers follow.
    case metadataValidated(CheckedImage, layers: Int, bytes: Int)
}

extension CheckedImage.PlatformImage {
    /// The first plausible year of a creation date.
    private static let firstYear = 2001

    init?(_ image: LoadedImage.PlatformImage) {
        guard let platform = image.platform else { return nil }
        self.platform = platform
        self.descriptor = image.descriptor
        self.downloadSize = ([image.manifest.config] + image.manifest.layers)
            .reduce(0) { $0.plus($1.size) }
        self.layers = Set(image.manifest.layers.map(\.digest))
        self.created = image.config?.created.flatMap { CalendarDay(parsing: String($0.prefix(10))) }
            .flatMap { $0.parts.year >= Self.firstYear ? $0 : nil }
    }
}
