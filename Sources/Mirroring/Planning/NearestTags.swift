// SPDX-License-Identifier: Apache-2.0

internal import Content
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

extension ContentSource {
    /// Looks for what is here instead of a tag that is not.
    ///
    /// - Returns: the nearest tags; nil where they cannot be listed, which does not matter to the
    ///   answer that the tag is missing.
    /// - Throws: `ContentError` of the class `missing` where there is nothing at all.
    func nearestTags(to tag: Tag) async throws -> NearestTags? {
        do {
            return NearestTags(to: tag, among: try await tags())
        } catch let error as CancellationError {
            throw error
        } catch let error as ContentError where error.failureClass == .missing {
            throw error
        } catch let error as any ContentFailure where error.failureClass == .missing {
            throw ContentError(
                .missing, "there is no repository \(location), or it has no tags",
                hint: "check the spelling; some registries answer so for private ones too")
        } catch {
            return nil
        }
    }
}
