// SPDX-License-Identifier: Apache-2.0

internal import Content
public import OCI
internal import TextSafety

/// What to use instead of a tag that does not exist.
public struct NearestTags: Hashable, Sendable {
    /// The tags that exist and come nearest, the nearest first.
    public let nearest: [Tag]
    /// The newest version that is no prerelease.
    public let newestRelease: Tag?

    /// How many tags are named.
    private static let count = 3

    /// A tag that exists, with all that its place among the others depends on.
    private struct Candidate {
        let tag: Tag
        let version: SemanticVersion?
        /// How many leading numbers it does not share with the wanted version.
        let rank: Int
        /// How far its spelling is from the wanted one: of versions, all but their numbers.
        let spelling: Int
        /// How far the first number is that it does not share.
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

    /// Looks for tags near `tag` among those that exist.
    ///
    /// A version's neighbours are found by number, so `1.2.30` is nearer to `1.2.31` than `1.20.3` is,
    /// among those that are spelled alike beside their numbers, as `-alpine`; other names are found by
    /// spelling. Of equally near versions the greater one comes first. Only
    /// what has as many numbers as the wanted version is its newest release, so that a date is none.
    ///
    /// The tag itself, and what is written for machines only, is nothing to use instead.
    public init(to tag: Tag, among tags: [Tag]) {
        let wanted = SemanticVersion(lenient: tag.name)
        let others = tags.filter {
            $0 != tag && !DigestTag.isOne($0) && RetentionTag.digest(of: $0) == nil
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

    /// The same for all where one of both is no version.
    private static func rank(of version: SemanticVersion?, for wanted: SemanticVersion?) -> Int {
        guard let wanted else { return 0 }
        guard let version else { return 4 }
        guard version.major == wanted.major else { return 3 }
        guard version.minor == wanted.minor else { return 2 }
        return version.patch == wanted.patch ? 0 : 1
    }

    /// How far the first number is that two versions do not share; the patch is left to the order.
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

    /// A tag's name without its numbers.
    private static func shape(of tag: Tag) -> String { tag.name.filter { !$0.isNumber } }

    /// How many dots part the numbers of a version.
    private static func dots(in tag: Tag) -> Int {
        tag.name.prefix { $0 != "-" && $0 != "+" }.count { $0 == "." }
    }

    /// Whether there is nothing to name.
    public var isEmpty: Bool { nearest.isEmpty }
}

extension NearestTags {
    /// The advice, where there is any.
    var hint: String? { isEmpty ? nil : description }
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
