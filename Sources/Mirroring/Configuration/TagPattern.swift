// SPDX-License-Identifier: Apache-2.0

/// Which tags of a listing are meant.
public struct TagPattern: Hashable, Sendable {
    /// The versions that are meant, in the range grammar of Helm.
    public var versions: VersionRange?
    /// A regular expression that the whole tag must match.
    public var regex: String?
    /// How many of the greatest are kept; nil for all.
    public var latest: Int?

    /// Makes a pattern.
    public init(versions: VersionRange? = nil, regex: String? = nil, latest: Int? = nil) {
        self.versions = versions
        self.regex = regex
        self.latest = latest
    }
}
