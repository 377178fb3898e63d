// SPDX-License-Identifier: Apache-2.0

public import OCI

/// One entry of `images:`.
public struct ImageEntry: Hashable, Sendable {
    /// Where the images come from.
    public enum Source: Hashable, Sendable {
        case repository(Repository)
        /// An OCI image layout: its absolute path, and the path as the configuration has it.
        case layout(directory: String, written: String)
    }

    /// Which of the source's images are meant.
    public enum Selection: Hashable, Sendable {
        /// One image, by tag, by digest, or by the digest that is copied under the tag.
        case one(tag: Tag?, digest: Digest?)
        /// These tags.
        case list([Tag])
        /// The tags that a pattern picks from a listing.
        case pattern(TagPattern)
    }

    /// Where the images come from.
    public var source: Source
    /// Which of them are meant.
    public var selection: Selection
    /// The path below each target's prefix.
    public var name: String
    /// The lock id, where the entry gives one.
    public var id: String?
    /// Whether a channel tag is meant to move.
    public var floating: Bool
    /// Paths and commands that must exist on every required platform.
    public var requires: [String]
    /// How far these images are to be proved, the entry's own word or the configuration's.
    public var validation: ValidationLevel
    /// Which children are copied, the entry's own word or the configuration's.
    public var copy: CopyScope
    /// Whether referrers travel along, the entry's own word or the configuration's.
    public var referrers: ReferrerPolicy
    /// Whether this is no container image (a chart, a policy bundle), so no platform rules hold.
    public var isArtifact: Bool
    /// What happens when a version tag's digest has changed upstream.
    public var moved: MovedTagPolicy
    /// What is excused, until when and why.
    public var exception: PlatformException?
    /// Where the entry stands in the file.
    public var place: ConfigurationLocation

    /// Makes an entry.
    public init(
        source: Source, selection: Selection, name: String, id: String? = nil,
        floating: Bool = false, requires: [String] = [], validation: ValidationLevel = .content,
        copy: CopyScope = .all, referrers: ReferrerPolicy = .copy, isArtifact: Bool = false,
        moved: MovedTagPolicy = .warn, exception: PlatformException? = nil,
        place: ConfigurationLocation = ConfigurationLocation(line: 1, column: 1)
    ) {
        self.source = source
        self.selection = selection
        self.name = name
        self.id = id
        self.floating = floating
        self.requires = requires
        self.validation = validation
        self.copy = copy
        self.referrers = referrers
        self.isArtifact = isArtifact
        self.moved = moved
        self.exception = exception
        self.place = place
    }
}

/// What happens when a version tag's digest has changed upstream.
public enum MovedTagPolicy: String, Sendable, CaseIterable {
    case warn
    case reject
    case accept
}

/// Platforms that are required instead of the configuration's, with a reason and an end.
public struct PlatformException: Hashable, Sendable {
    /// What is required instead; a single platform also excuses an image that is no index.
    public var platforms: [Platform]
    /// Why, for every report.
    public var reason: String
    /// The last day on which it excuses anything, `YYYY-MM-DD`.
    public var until: CalendarDay?

    /// Makes an exception.
    public init(platforms: [Platform], reason: String, until: CalendarDay? = nil) {
        self.platforms = platforms
        self.reason = reason
        self.until = until
    }
}

/// A place in the configuration file, both counted from 1.
public struct ConfigurationLocation: Hashable, Sendable {
    /// The line.
    public var line: Int
    /// The column, in characters.
    public var column: Int

    /// Makes a place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}
