// SPDX-License-Identifier: Apache-2.0

public import Lockfiles
public import OCI
public import Validation

/// The answer about one image that somebody is about to use.
public struct CheckedImage: Sendable {
    /// One platform's image, as far as people ask about it.
    public struct PlatformImage: Hashable, Sendable {
        /// The platform.
        public let platform: Platform
        /// What names its manifest.
        public let descriptor: Descriptor
        /// How many bytes a machine downloads: the configuration and all layers.
        public let downloadSize: Int
        /// The day on which it was made, as its configuration says.
        ///
        /// Nil where that was not read, and where it says nothing believable: builds that can be
        /// repeated date their images at the beginning of time.
        public let created: CalendarDay?
        /// What its configuration says; nil where nobody asked.
        public internal(set) var config: PlatformVerdict?
        /// What its layers say; nil where nobody asked, or where the verdict was clear before they were read.
        public internal(set) var content: PlatformVerdict?
        /// Its layers.
        let layers: Set<Digest>
    }

    /// How an image stands to a lock.
    public struct InLock: Sendable {
        /// The id of its block.
        public let id: String
        /// The block.
        public let block: LockedImage
    }

    /// The image as it was asked for.
    public let name: String
    /// What the name stands for; nil where there is no such image.
    public internal(set) var descriptor: Descriptor?
    /// The runnable images, sorted by platform.
    public internal(set) var platforms: [PlatformImage] = []
    /// What its manifests and configurations say; nil where nobody had to ask.
    public internal(set) var claims: ValidationReport?
    /// What all rules found; nil where they could not be asked.
    public internal(set) var report: ValidationReport?
    /// How many attestations travel with the index.
    public internal(set) var attestations = 0
    /// What else refers to it; nil where that could not be found out.
    public internal(set) var attachments: [Attachment]?
    /// What the lock has of it.
    public internal(set) var lock: InLock?
    /// What exists instead of a tag that does not, or beside one that cannot be used.
    public internal(set) var instead: NearestTags?
    /// A tag of which the index lists every platform that is required.
    public internal(set) var complete: Tag?
    /// Why there is no answer, or why it is no.
    public internal(set) var failure: ImageFailure?

    /// Whether the image can be used: nothing speaks against it, or the lock vouches for it.
    public var isAccepted: Bool {
        failure == nil && (report.map(\.isAccepted) ?? (lock != nil))
    }

    init(name: String) { self.name = name }
}

/// Something that is known of a check while it goes on.
public enum CheckEvent: Sendable {
    /// What manifests and configurations say; so many layers and bytes are to be looked into.
    case claimed(CheckedImage, layers: Int, bytes: Int)
}

extension CheckedImage.PlatformImage {
    /// The first year that is believed of a date.
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
