// SPDX-License-Identifier: Apache-2.0

public import Content
public import OCI

/// An image to mirror, with everything that is known before any request.
public struct PlannedImage: Hashable, Sendable {
    /// Its lock id.
    public let id: String
    /// The entry that produced it.
    public let entry: ImageEntry
    /// Its tag at the source and at every target, or `nil` if only a digest is given.
    public let tag: Tag?
    /// The digest to copy regardless of the tag, if the entry has one.
    public let digest: Digest?

    /// Creates a planned image with a tag, a digest or both.
    public init(id: String, entry: ImageEntry, tag: Tag?, digest: Digest?) {
        precondition(tag != nil || digest != nil, "a tag or a digest is required")
        self.id = id
        self.entry = entry
        self.tag = tag
        self.digest = digest
    }

    /// The location of the source.
    public var source: StoreLocation { entry.sourceLocation }

    /// The full source reference.
    ///
    /// The directory of a layout is as written in the configuration.
    public var sourceText: String { Self.text(of: entry, tag: tag, digest: digest) }

    /// Returns the source reference for a tag or digest, as in ``sourceText`` and lock files.
    static func text(of entry: ImageEntry, tag: Tag?, digest: Digest?) -> String {
        entry.sourceText + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// The source reference by digest.
    public func upstreamText(_ digest: Digest) -> String { "\(entry.sourceText)@\(digest)" }

    /// Returns the location of the image at a target.
    public func location(in target: MirrorTarget) throws(ParseError) -> StoreLocation {
        try entry.location(in: target)
    }

    /// The tag, if it is a version tag and not a floating tag.
    public var versionTag: Tag? { tag.flatMap { $0.isFloating ? nil : $0 } }
}

extension ImageEntry {
    /// Returns the location of the entry's images at a target.
    func location(in target: MirrorTarget) throws(ParseError) -> StoreLocation {
        switch target.prefix {
        case .registry(let host, let path):
            .repository(
                try Repository(registry: host, path: path.isEmpty ? name : "\(path)/\(name)"))
        case .layout(let directory): .layout(directory: "\(directory)/\(name)")
        }
    }

    /// The location of the entry's source.
    var sourceLocation: StoreLocation {
        switch source {
        case .repository(let repository): .repository(repository)
        case .layout(let directory, _): .layout(directory: directory)
        }
    }

    /// The source as lock files have it, which is the same on every host.
    var sourceText: String {
        switch source {
        case .repository(let repository): repository.description
        case .layout(_, let written): LayoutReference.scheme + written
        }
    }
}

/// The images of a run, before any request about them.
public struct Plan: Sendable {
    /// An entry that produced no image.
    public struct Problem: Sendable {
        /// The entry.
        public let entry: ImageEntry
        /// The reason.
        public let failure: ImageFailure
    }

    /// The selected images, in the configuration's order.
    public let images: [PlannedImage]
    /// The ids and names of all images that the entries produce, selected or not.
    public let allNames: [(id: String, name: String)]
    /// The entries that produced no image.
    public let problems: [Problem]
    /// The tags of listings, by repository.
    public let listings: [StoreLocation: Set<Tag>]

    /// Creates a plan.
    ///
    /// - Parameters:
    ///   - images: All images that the entries produce.
    ///   - selection: The selection.
    ///   - problems: The entries that produced no image.
    ///   - listings: The tags of listings, by repository.
    public init(
        images: [PlannedImage], selection: IDSelection = .all, problems: [Problem] = [],
        listings: [StoreLocation: Set<Tag>] = [:]
    ) {
        self.images = images.filter { selection.contains(id: $0.id, name: $0.entry.name) }
        self.allNames = images.map { ($0.id, $0.entry.name) }
        self.problems = problems
        self.listings = listings
    }
}
