// SPDX-License-Identifier: Apache-2.0

internal import Content
public import Lockfiles
public import OCI

/// The tags and digests that a prune run must keep: those in lock files, the keep-list and the
/// configuration.
public struct RetainedReferences: Sendable {
    /// The digests of indexes, of the manifests of their platforms, and of their referrers.
    private(set) var digests: Set<Digest>
    private var tags: [Repository: Set<Tag>] = [:]

    /// Collects the references to keep.
    ///
    /// - Parameters:
    ///   - locks: The lock files of the configuration and of other environments.
    ///   - keepList: Digests that are in use elsewhere.
    ///   - configuration: The configuration, whose entries can name tags that no lock file has yet.
    public init(locks: [Lockfile], keepList: Set<Digest>, configuration: MirrorConfiguration) {
        digests = keepList
        for lockEntry in locks.flatMap(\.images.values) {
            digests.insert(lockEntry.digest)
            digests.formUnion(lockEntry.platforms.values.map(\.digest))
            digests.formUnion(lockEntry.referrers.map(\.digest))
            let named =
                [lockEntry.targetTag].compactMap(\.self) + lockEntry.referrers.compactMap(\.tag)
            tags[lockEntry.repository, default: []].formUnion(named)
        }
        for image in Planner(configuration: configuration).offlinePlan().images {
            for target in configuration.targets {
                guard case .repository(let repository)? = try? image.location(in: target),
                    let tag = image.tag
                else { continue }
                tags[repository, default: []].insert(tag)
            }
        }
    }

    /// The repositories of the retained tags.
    var repositories: Set<Repository> { Set(tags.keys) }

    /// Returns a Boolean value that indicates whether a tag is retained.
    func contains(_ tag: Tag, in repository: Repository) -> Bool {
        tags[repository]?.contains(tag) ?? false
    }

    /// Returns the digests in a keep-list, which has at most one per line.
    public static func digests(inKeepList text: String) -> Set<Digest> {
        let words = text.split { $0.isWhitespace || $0 == "@" || $0 == "," || $0 == "\"" }
        return Set(words.compactMap { try? Digest(parsing: String($0)) })
    }
}

/// A tag that no lock file, keep-list or configuration entry references.
public struct PrunedTag: Sendable {
    /// The reason why a tag can be removed.
    public enum Reason: String, Sendable, CaseIterable {
        /// The tag retains a digest that no lock file and no keep-list references.
        case kept
        /// No lock file and no configuration entry has the tag.
        case gone
        /// The tag belongs to a manifest that no longer exists.
        case orphan
    }

    /// The result for one tag.
    public enum Outcome: Hashable, Sendable {
        /// The tag was listed, not removed.
        case listed
        case removed
        case failed(ImageFailure)
    }

    /// The repository of the tag.
    public let repository: Repository
    /// The tag.
    public let tag: Tag
    /// The reason why the tag can be removed.
    public let reason: Reason
    /// The result for the tag.
    public internal(set) var outcome: Outcome
}

/// The result of a prune run.
public struct PruneReport: Sendable {
    /// The tags that can be removed, ordered by repository.
    public internal(set) var tags: [PrunedTag] = []
    /// Repositories whose tags could not be listed.
    public internal(set) var failures: [(repository: Repository, failure: ImageFailure)] = []
    /// The number of tags that are kept.
    public internal(set) var keptCount = 0
}
