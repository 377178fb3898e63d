// SPDX-License-Identifier: Apache-2.0

public import Content
public import OCI

/// One image that is to be mirrored, with everything that is known before any store is asked.
public struct PlannedImage: Hashable, Sendable {
    /// Its id in every lock.
    public let id: String
    /// The entry that asks for it.
    public let entry: ImageEntry
    /// Its tag, at the source and at every target; nil where only a digest is given.
    public let tag: Tag?
    /// The digest that is copied whatever the tag stands for, where the entry gives one.
    public let digest: Digest?

    /// Makes a planned image, of which at least one of tag and digest is given.
    public init(id: String, entry: ImageEntry, tag: Tag?, digest: Digest?) {
        precondition(tag != nil || digest != nil, "an image is named by a tag or a digest")
        self.id = id
        self.entry = entry
        self.tag = tag
        self.digest = digest
    }

    /// Where the image comes from.
    public var source: StoreLocation { entry.sourceLocation }

    /// What is asked for, written out in full; a layout's folder stands as the configuration has it.
    public var sourceText: String { Self.text(of: entry, tag: tag, digest: digest) }

    /// What an entry asks for under a tag or a digest, as ``sourceText`` and locks have it.
    static func text(of entry: ImageEntry, tag: Tag?, digest: Digest?) -> String {
        entry.sourceText + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// The same bytes at the source, by digest.
    public func upstreamText(_ digest: Digest) -> String { "\(entry.sourceText)@\(digest)" }

    /// Where the image goes in a target.
    public func location(in target: MirrorTarget) throws(ParseError) -> StoreLocation {
        try entry.location(in: target)
    }

    /// The tag, where it names a version and not a channel that moves by design.
    public var versionTag: Tag? { tag.flatMap { $0.isChannel ? nil : $0 } }
}

extension ImageEntry {
    /// Where the entry's images go in a target.
    func location(in target: MirrorTarget) throws(ParseError) -> StoreLocation {
        switch target.prefix {
        case .registry(let host, let path):
            .repository(
                try Repository(registry: host, path: path.isEmpty ? name : "\(path)/\(name)"))
        case .layout(let directory): .layout(directory: "\(directory)/\(name)")
        }
    }

    /// Where the entry's images come from.
    var sourceLocation: StoreLocation {
        switch source {
        case .repository(let repository): .repository(repository)
        case .layout(let directory, _): .layout(directory: directory)
        }
    }

    /// Where they come from, as locks say it: the same on every machine that has the configuration.
    var sourceText: String {
        switch source {
        case .repository(let repository): repository.description
        case .layout(_, let written): LayoutReference.scheme + written
        }
    }
}

/// What a run is to do, before any image is looked at.
public struct Plan: Sendable {
    /// An entry that gave no image.
    public struct Problem: Sendable {
        /// The entry.
        public let entry: ImageEntry
        /// Why it gave none.
        public let failure: ImageFailure
    }

    /// The images that are selected, in the configuration's order.
    public let images: [PlannedImage]
    /// The ids and names of all images that the entries make, selected or not.
    public let allNames: [(id: String, name: String)]
    /// The entries that gave none.
    public let problems: [Problem]
    /// The tags that listings brought, by repository.
    public let listings: [StoreLocation: Set<Tag>]

    /// Makes a plan.
    ///
    /// - Parameters:
    ///   - images: every image that the entries make.
    ///   - selection: which of them are meant.
    ///   - problems: the entries that gave none.
    ///   - listings: the tags that listings brought.
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
