// SPDX-License-Identifier: Apache-2.0

public import OCI

/// An entry of `images:`.
public struct ImageEntry: Hashable, Sendable {
    /// The source of an entry.
    public enum Source: Hashable, Sendable {
        case repository(Repository)
        /// An OCI image layout: its absolute path, and the path as written.
        case layout(directory: String, written: String)
    }

    /// The selection of images from a source.
    public enum Selection: Hashable, Sendable {
        /// One image, by tag, by digest, or by the digest that is copied under the tag.
        case one(tag: Tag?, digest: Digest?)
        /// The listed tags.
        case list([Tag])
        /// The tags that match a pattern.
        case pattern(TagPattern)
    }

    /// The source.
    public var source: Source
    /// The selected images.
    public var selection: Selection
    /// The path below each target's prefix.
    public var name: String
    /// The lock id, if the entry has one.
    public var id: String?
    /// A Boolean value that indicates whether floating tags are permitted.
    public var floating: Bool
    /// The paths and commands that must exist on every required platform.
    public var requires: [String]
    /// The depth of validation, from the entry or else from the configuration.
    public var validation: ValidationLevel
    /// The children of an index to copy, from the entry or else from the configuration.
    public var copy: CopyScope
    /// The policy for referrers, from the entry or else from the configuration.
    public var referrers: ReferrerPolicy
    /// A Boolean value that indicates whether this is not a container image (a chart, a policy
    /// bundle) and has no platform rules.
    public var isArtifact: Bool
    /// The reaction to a version tag whose digest changed at the source.
    public var moved: MovedTagPolicy
    /// The exception, if there is one.
    public var exception: PlatformException?
    /// The location of the entry in the file.
    public var location: ConfigurationLocation

    /// Creates an entry.
    public init(
        source: Source, selection: Selection, name: String, id: String? = nil,
        floating: Bool = false, requires: [String] = [], validation: ValidationLevel = .content,
        copy: CopyScope = .all, referrers: ReferrerPolicy = .copy, isArtifact: Bool = false,
        moved: MovedTagPolicy = .warn, exception: PlatformException? = nil,
        location: ConfigurationLocation = ConfigurationLocation(line: 1, column: 1)
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
        self.location = location
    }
}

/// The reaction to a version tag whose digest changed at the source.
public enum MovedTagPolicy: String, Sendable, CaseIterable {
    case warn
    case reject
    case accept
}

/// Platforms that are required instead of the configured ones, with a reason and an end date.
public struct PlatformException: Hashable, Sendable {
    /// The required platforms.
    ///
    /// A single platform also excuses an image that is not an index.
    public var platforms: [Platform]
    /// The reason, for every report.
    public var reason: String
    /// The last day on which the exception applies.
    public var until: CalendarDay?

    /// Creates an exception.
    public init(platforms: [Platform], reason: String, until: CalendarDay? = nil) {
        self.platforms = platforms
        self.reason = reason
        self.until = until
    }
}

/// A location in the configuration file, counted from 1.
public struct ConfigurationLocation: Hashable, Sendable {
    /// The line.
    public var line: Int
    /// The column, in characters.
    public var column: Int

    /// Creates a location.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}
