// SPDX-License-Identifier: Apache-2.0

internal import Content
public import Lockfiles
public import OCI

/// What a clean-up must leave alone: whatever a lock, a keep-list or the configuration names.
public struct RetainedReferences: Sendable {
    /// The digests of indexes, of the manifests of their platforms, and of their referrers.
    private(set) var digests: Set<Digest>
    private var tags: [Repository: Set<Tag>] = [:]

    /// Collects what is named.
    ///
    /// - Parameters:
    ///   - locks: the configuration's own locks, and those of other environments.
    ///   - keepList: digests that somebody else still needs.
    ///   - config: whose entries name tags that no lock has yet.
    public init(locks: [Lockfile], keepList: Set<Digest>, config: MirrorConfiguration) {
        digests = keepList
        for block in locks.flatMap(\.images.values) {
            digests.insert(block.digest)
            digests.formUnion(block.platforms.values.map(\.digest))
            digests.formUnion(block.referrers.map(\.digest))
            let named = [block.targetTag].compactMap(\.self) + block.referrers.compactMap(\.tag)
            tags[block.repository, default: []].formUnion(named)
        }
        for image in Planner(config: config).offlinePlan().images {
            for target in config.targets {
                guard case .repository(let repository)? = try? image.location(in: target),
                    let tag = image.tag
                else { continue }
                tags[repository, default: []].insert(tag)
            }
        }
    }

    /// The repositories that are known by name.
    var repositories: Set<Repository> { Set(tags.keys) }

    /// Whether something names a tag.
    func has(_ tag: Tag, in repository: Repository) -> Bool {
        tags[repository]?.contains(tag) ?? false
    }

    /// Reads a keep-list: every digest that stands in it, one or none in a line.
    public static func digests(inKeepList text: String) -> Set<Digest> {
        let words = text.split { $0.isWhitespace || $0 == "@" || $0 == "," || $0 == "\"" }
        return Set(words.compactMap { try? Digest(parsing: String($0)) })
    }
}
