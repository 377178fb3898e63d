// SPDX-License-Identifier: Apache-2.0

public import OCI

/// A selection of tags from a listing.
public struct TagPattern: Hashable, Sendable {
    /// The selected versions, in the range grammar of Helm.
    public var versions: VersionRange?
    /// A regular expression that the whole tag must match.
    public var regex: String?
    /// The number of greatest tags to keep, or `nil` to keep all.
    public var latest: Int?

    /// Creates a pattern.
    public init(versions: VersionRange? = nil, regex: String? = nil, latest: Int? = nil) {
        self.versions = versions
        self.regex = regex
        self.latest = latest
    }

    /// Returns the selected tags, the greatest first.
    ///
    /// Tags are ordered by version, then by name; tags that are not versions come last. An invalid
    /// regular expression matches nothing; the loader rejects it.
    ///
    /// - Parameters:
    ///   - tags: The tags of the listing.
    ///   - areCharts: A Boolean value that indicates whether `_` replaces the `+` of a version, as in
    ///     tags of Helm.
    /// - Returns: The selected tags.
    public func select(from tags: some Sequence<Tag>, areCharts: Bool = false) -> [Tag] {
        let expression = regex.map { try? TagExpression(parsing: $0) }
        var matching: [(tag: Tag, version: SemanticVersion?)] = []
        for tag in tags {
            let version = SemanticVersion(lenient: tag.name, isChart: areCharts)
            if let versions {
                guard let version, versions.contains(version) else { continue }
            }
            if let expression {
                guard let expression, expression.matches(tag.name) else { continue }
            }
            matching.append((tag, version))
        }
        matching.sort { first, second in
            switch (first.version, second.version) {
            case (let a?, let b?) where a != b: a > b
            case (.some, nil): true
            case (nil, .some): false
            default: first.tag > second.tag
            }
        }
        return matching.prefix(latest ?? matching.count).map(\.tag)
    }
}
