// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// Finds the tags below the targets' prefixes that nothing names any more, and removes them.
///
/// A digest that something names is never removed: where a registry removes manifests only, and so
/// all their tags, one that any other tag stands for is left alone too.
public struct Pruner: Sendable {
    private let config: MirrorConfiguration
    private let stores: StoreProvider
    private let spared: RetainedReferences

    /// Makes a pruner.
    public init(config: MirrorConfiguration, stores: StoreProvider, spared: RetainedReferences) {
        self.config = config
        self.stores = stores
        self.spared = spared
    }

    /// Looks at every repository that is known by name, and at further ones.
    ///
    /// - Parameters:
    ///   - names: names of images below the prefixes that no entry has any more.
    ///   - removes: whether what is found is removed.
    /// - Returns: what was found, and what became of it.
    /// - Throws: `CancellationError`.
    public func prune(also names: [String], removes: Bool) async throws -> PruneReport {
        var report = PruneReport()
        for repository in repositories(also: names) {
            do {
                try await at(.target, .repository(repository)) {
                    try await prune(repository, removes, &report)
                }
            } catch let error as CopyError {
                try Task.checkCancellation()
                // A repository that is not there has nothing superfluous.
                if error.failureClass != .missing {
                    report.failures.append((repository, ImageFailure(error)))
                }
            }
        }
        return report
    }

    private func repositories(also names: [String]) -> [Repository] {
        var all = spared.repositories
        for target in config.targets {
            guard case .registry(let host, let path) = target.prefix else { continue }
            for name in Set(config.images.map(\.name) + names) {
                let full = path.isEmpty ? name : "\(path)/\(name)"
                if let repository = try? Repository(registry: host, path: full) {
                    all.insert(repository)
                }
            }
        }
        // Only what carries a prefix of ours is ever looked at.
        return all.filter { repository in config.targets.contains { $0.holds(repository) } }
            .sorted { $0.description < $1.description }
    }

    private func prune(
        _ repository: Repository, _ removes: Bool, _ report: inout PruneReport
    ) async throws {
        let store = try stores.store(at: .repository(repository))
        let tags = try await store.tags().sorted()
        let names = Names()
        var superfluous: [PrunedTag] = []
        for tag in tags {
            guard let reason = try await reason(to: tag, of: repository, in: store, names)
            else {
                continue
            }
            superfluous.append(
                PrunedTag(repository: repository, tag: tag, reason: reason, fate: .listed))
        }
        report.spared += tags.count - superfluous.count
        if removes {
            let removed = Set(superfluous.map(\.tag))
            let staying = RemainingTags(tags.filter { !removed.contains($0) }, in: store)
            for position in superfluous.indices {
                superfluous[position].fate = try await fate(
                    of: superfluous[position].tag, beside: staying, in: store)
            }
        }
        report.tags += superfluous
    }

    /// Why a tag is superfluous; nil where it is not.
    private func reason(
        to tag: Tag, of repository: Repository, in store: any ContentSource, _ names: Names
    ) async throws -> PrunedTag.Reason? {
        if spared.has(tag, in: repository) { return nil }
        if let digest = RetentionTag.digest(of: tag) {
            return spared.digests.contains(digest) ? nil : .kept
        }
        if DigestTag.isTruncated(tag) { return nil }
        if let subject = DigestTag.subject(of: tag) {
            guard !spared.digests.contains(subject),
                try await digest(of: .digest(subject), in: store, names) == nil
            else { return nil }
            return .orphan
        }
        return .gone
    }

    /// The names that were resolved in one repository: several tags ask for the same ones.
    private typealias Names = RunCache<ManifestName, Digest?>

    private func digest(
        of name: ManifestName, in store: any ContentSource, _ names: Names
    ) async throws -> Digest? {
        try await names.value(for: name) { try await store.resolve(name)?.digest }
    }

    // MARK: Removing

    private func fate(
        of tag: Tag, beside staying: RemainingTags, in store: any ContentStore
    ) async throws -> PrunedTag.Fate {
        do {
            do {
                try await store.delete(.tag(tag))
            } catch let error as any ContentFailure where error.failureClass == .invalid {
                // The registry removes manifests only.
                guard let digest = try await store.resolve(.tag(tag))?.digest else {
                    return .removed
                }
                try await expectUnused(digest, by: staying)
                try await store.delete(.digest(digest))
            }
            return .removed
        } catch let error as any ContentFailure where error.failureClass == .invalid {
            // Nothing is wrong with the tag: it could not be done.
            return .failed(
                ImageFailure(.unavailable, side: .target, "\(error)", hint: error.hint))
        } catch let error as any ContentFailure {
            return .failed(ImageFailure(CopyError(error, side: .target, at: store.location)))
        }
    }

    private func expectUnused(_ digest: Digest, by staying: RemainingTags) async throws {
        let isNamed = spared.digests.contains(digest)
        let user = isNamed ? nil : try await staying.tag(needing: digest)
        guard isNamed || user != nil else { return }
        throw ContentError(
            .unavailable,
            "the registry removes manifests only, and \(digest.short) is still needed"
                + (user.map { " as \($0)" } ?? ""),
            hint: "leave the tag, or remove it where the registry is administered")
    }
}

/// The tags of a repository that stay, and the manifests that they need.
///
/// They are read when a registry removes manifests only, once for all tags that are removed.
private actor RemainingTags {
    private let tags: [Tag]
    private let store: any ContentSource
    private var needed: [Digest: Tag]?

    init(_ tags: [Tag], in store: any ContentSource) {
        self.tags = tags
        self.store = store
    }

    /// Returns a tag that needs a manifest: it points to it, or to an index that lists it.
    func tag(needing digest: Digest) async throws -> Tag? {
        if let needed { return needed[digest] }
        var found: [Digest: Tag] = [:]
        for tag in tags {
            guard let root = try await store.resolve(.tag(tag)) else { continue }
            try await add(root, of: tag, to: &found)
        }
        needed = found
        return found[digest]
    }

    /// Adds a manifest and everything that it lists; what is known already is not read again.
    private func add(
        _ root: Descriptor, of tag: Tag, to found: inout [Digest: Tag]
    ) async throws {
        var waiting = [root]
        var reads = 0
        while let next = waiting.popLast() {
            guard found.updateValue(tag, forKey: next.digest) == nil, next.mediaType.isIndex else {
                continue
            }
            reads += 1
            guard reads <= ManifestGraph.Limits().count else {
                throw ContentError(
                    .invalid, "the index \(root.digest.short) lists too many indexes")
            }
            do {
                let manifest = try await store.fetch(manifest: next).decoded()
                waiting += Successors(of: manifest).manifests
            } catch let error as any ContentFailure where error.failureClass == .missing {
                // A sparse index lists what is not there.
            }
        }
    }
}

extension MirrorTarget {
    /// Whether a repository lies below the prefix.
    fileprivate func holds(_ repository: Repository) -> Bool {
        guard case .registry(let host, let path) = prefix else { return false }
        return repository.registry == host
            && (path.isEmpty || repository.path.hasPrefix("\(path)/"))
    }
}
