// SPDX-License-Identifier: Apache-2.0

public import OCI
internal import Wording

/// What to use instead of a tag that does not exist.
public struct NearestTags: Hashable, Sendable {
    /// The tags that exist and come nearest, the nearest first.
    public let nearest: [Tag]
    /// The newest version that is no prerelease.
    public let newestRelease: Tag?

    /// How many tags are named.
    private static let count = 3

    /// Looks for tags near `tag` among those that exist.
    ///
    /// A version's neighbours are found by number, so `1.2.30` is nearer to `1.2.31` than `1.20.3` is,
    /// and other names by spelling. Tags of another flavour (`-alpine`) come after those of the same.
    public init(to tag: Tag, among tags: [Tag]) {
        let wanted = SemanticVersion(lenient: tag.name)
        let ranked = tags.map { candidate in
            (
                tag: candidate,
                rank: Self.versionRank(SemanticVersion(lenient: candidate.name), wanted),
                spelling: Suggestion.distance(from: tag.name, to: candidate.name)
            )
        }
        self.nearest = ranked.sorted {
            ($0.rank, $0.spelling, $0.tag) < ($1.rank, $1.spelling, $1.tag)
        }
        .prefix(Self.count).map(\.tag)
        self.newestRelease =
            tags.compactMap { tag in SemanticVersion(lenient: tag.name).map { (tag, $0) } }
            .filter { $0.1.prerelease.isEmpty }
            .max { ($0.1, $0.0) < ($1.1, $1.0) }?.0
    }

    /// How many leading numbers two versions do not share; the same for all where one is no version.
    private static func versionRank(_ version: SemanticVersion?, _ wanted: SemanticVersion?) -> Int
    {
        guard let wanted else { return 0 }
        guard let version else { return 4 }
        guard version.major == wanted.major else { return 3 }
        guard version.minor == wanted.minor else { return 2 }
        return version.patch == wanted.patch ? 0 : 1
    }

    /// Whether there is nothing to name.
    public var isEmpty: Bool { nearest.isEmpty }
}

extension NearestTags: CustomStringConvertible {
    /// One line: the nearest, and the newest release where it is not among them.
    public var description: String {
        var text = "nearest: \(nearest.map(\.name).joined(separator: ", "))"
        if let newestRelease, !nearest.contains(newestRelease) {
            text += "; newest release: \(newestRelease)"
        }
        return text
    }
}
