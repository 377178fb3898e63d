// SPDX-License-Identifier: Apache-2.0

internal import Content
public import OCI
internal import TextSafety

/// Suggestions for a tag that does not exist.
public struct NearestTags: Hashable, Sendable {
    /// The nearest tags that exist, the nearest first.
    public let nearest: [Tag]
    /// The newest version that is not a prerelease.
    public let newestRelease: Tag?
    /// A Boolean value that indicates whether the tag itself is listed.
    let isListed: Bool

    /// The maximum number of suggested tags.
    private static let count = 3

    /// A tag that exists, with the values that determine its rank.
    private struct Candidate {
        let tag: Tag
        let version: SemanticVersion?
        /// The number of leading version numbers that differ from the wanted version.
        let rank: Int
        /// The edit distance between the spellings; for versions, without their numbers.
        let spelling: Int
        /// The difference between the first numbers that differ.
        let gap: UInt64

        func isNearer(than other: Candidate) -> Bool {
            guard (rank, spelling, gap) == (other.rank, other.spelling, other.gap) else {
                return (rank, spelling, gap) < (other.rank, other.spelling, other.gap)
            }
            return switch (version, other.version) {
            case (let version?, let other?) where version != other: version > other
            case (.some, nil): true
            case (nil, .some): false
            default: tag < other.tag
            }
        }
    }

    /// Creates suggestions for `tag` from the tags that exist.
    ///
    /// Versions are ranked by number, so `1.2.30` is nearer to `1.2.31` than `1.20.3` is,
    /// among those with the same text besides their numbers, such as `-alpine`; other names are
    /// ranked by spelling. The greater of equally near versions comes first. The newest release
    /// must have as many numbers as the wanted version, so that a date does not count as one.
    ///
    /// The tag itself and machine-generated tags are never suggested.
    public init(to tag: Tag, among tags: [Tag]) {
        isListed = tags.contains(tag)
        let wanted = SemanticVersion(lenient: tag.name)
        let others = tags.filter {
            $0 != tag && !$0.namesSubject && $0.retainedDigest == nil
        }
        let candidates = others.map { candidate in
            let version = SemanticVersion(lenient: candidate.name)
            return Candidate(
                tag: candidate, version: version, rank: Self.rank(of: version, for: wanted),
                spelling: wanted == nil || version == nil
                    ? Suggestion.distance(from: tag.name, to: candidate.name)
                    : Suggestion.distance(
                        from: Self.shape(of: tag), to: Self.shape(of: candidate)),
                gap: Self.gap(between: version, and: wanted))
        }
        self.nearest = candidates.sorted { $0.isNearer(than: $1) }.prefix(Self.count).map(\.tag)
        let releases = candidates.compactMap { candidate in
            candidate.version.flatMap { $0.prerelease.isEmpty ? (candidate.tag, $0) : nil }
        }
        let alike = releases.filter { Self.dots(in: $0.0) == Self.dots(in: tag) }
        self.newestRelease =
            (wanted == nil || alike.isEmpty ? releases : alike)
            .max { ($0.1, $0.0) < ($1.1, $1.0) }?.0
    }

    /// The same for all candidates if one of both is not a version.
    private static func rank(of version: SemanticVersion?, for wanted: SemanticVersion?) -> Int {
        guard let wanted else { return 0 }
        guard let version else { return 4 }
        guard version.major == wanted.major else { return 3 }
        guard version.minor == wanted.minor else { return 2 }
        return version.patch == wanted.patch ? 0 : 1
    }

    /// Returns the difference between the first numbers that differ.
    ///
    /// The order decides about the patch version.
    private static func gap(
        between version: SemanticVersion?, and wanted: SemanticVersion?
    ) -> UInt64 {
        guard let version, let wanted else { return 0 }
        func distance(_ first: UInt64, _ second: UInt64) -> UInt64 {
            max(first, second) - min(first, second)
        }
        let majors = distance(version.major, wanted.major)
        return majors > 0 ? majors : distance(version.minor, wanted.minor)
    }

    /// Returns a tag without its numbers.
    private static func shape(of tag: Tag) -> String { tag.name.filter { !$0.isNumber } }

    /// Returns the number of dots between the numbers of a version.
    private static func dots(in tag: Tag) -> Int {
        tag.name.prefix { $0 != "-" && $0 != "+" }.count { $0 == "." }
    }

    /// A Boolean value that indicates whether there is no suggestion.
    public var isEmpty: Bool { nearest.isEmpty }
}

extension NearestTags {
    /// The hint, if there is one.
    var hint: String? { isEmpty ? nil : description }
}

extension NearestTags: CustomStringConvertible {
    /// A hint with the nearest tags, and the newest release unless it is among them.
    public var description: String {
        let names = nearest.map(\.name)
        let last = names.suffix(2).joined(separator: " or ")
        let list = (names.dropLast(2) + [last]).joined(separator: ", ")
        var text = "use an existing tag, such as \(list)"
        if let newestRelease, !nearest.contains(newestRelease) {
            text += "; the newest release is \(newestRelease)"
        }
        return text
    }
}

extension ContentSource {
    /// Returns the hint about a missing name: the nearest tags, or else what the store contains.
    func hint(_ nearest: NearestTags?) async throws -> String? {
        if let hint = nearest?.hint { return hint }
        return try await contentSummary()
    }

    /// Returns suggestions for a missing tag.
    ///
    /// - Returns: The nearest tags, or `nil` if they cannot be listed, which does not affect the
    ///   result that the tag is missing.
    /// - Throws: `ContentError` of class `missing` if the repository does not exist.
    func nearestTags(to tag: Tag) async throws -> NearestTags? {
        do {
            return NearestTags(to: tag, among: try await tags())
        } catch let error as CancellationError {
            throw error
        } catch let error as ContentError where error.failureClass == .missing {
            throw error
        } catch let error as any ContentFailure where error.failureClass == .missing {
            throw ContentError(
                .missing, "repository \(location) not found, or it has no tags",
                hint:
                    "check the spelling; some registries also report this for private repositories")
        } catch {
            return nil
        }
    }
}
