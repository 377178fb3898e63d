// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import OCI

/// Finds and removes tags below the target prefixes that are no longer referenced.
///
/// A referenced digest is never removed. Some registries delete only manifests, and with one all of
/// its tags; there, a manifest that another tag needs is kept as well.
public struct Pruner: Sendable {
    private let configuration: MirrorConfiguration
    private let stores: StoreProvider
    private let retained: RetainedReferences

    /// Creates a pruner.
    public init(
        configuration: MirrorConfiguration, stores: StoreProvider, retained: RetainedReferences
    ) {
        self.configuration = configuration
        self.stores = stores
        self.retained = retained
    }

    /// Prunes every repository that the configuration and the lock files name, and further ones.
    ///
    /// - Parameters:
    ///   - names: Names below the prefixes that no configuration entry has any more.
    ///   - removes: A Boolean value that indicates whether to remove the tags that are found.
    /// - Returns: The tags that were found, with the result for each.
    /// - Throws: `CancellationError`.
    public func prune(also names: [String], removes: Bool) async throws -> PruneReport {
        var report = PruneReport()
        for repository in repositories(also: names) {
            do {
                try await attributingErrors(to: .target, at: .repository(repository)) {
                    try await prune(repository, removing: removes, &report)
                }
            } catch let error as CopyError {
                try Task.checkCancellation()
                // A missing repository has no tags.
                if error.failureClass != .missing {
                    report.failures.append((repository, ImageFailure(error)))
                }
            }
        }
        return report
    }

    private func repositories(also names: [String]) -> [Repository] {
        var all = retained.repositories
        for target in configuration.targets {
            guard case .registry(let host, let path) = target.prefix else { continue }
            for name in Set(configuration.images.map(\.name) + names) {
                let full = path.isEmpty ? name : "\(path)/\(name)"
                if let repository = try? Repository(registry: host, path: full) {
                    all.insert(repository)
                }
            }
        }
        // Only repositories below a target prefix are examined, and never the published lock files.
        let published = Set(configuration.targets.compactMap(\.publishedLock))
        return all.subtracting(published).filter { repository in
            configuration.targets.contains { $0.contains(repository) }
        }
        .sorted { $0.description < $1.description }
    }

    private func prune(
        _ repository: Repository, removing removes: Bool, _ report: inout PruneReport
    ) async throws {
        let store = try stores.store(at: .repository(repository))
        let tags = try await store.tags().sorted()
        let names = Names(keepsResults: true)
        var removable: [PrunedTag] = []
        for tag in tags {
            guard let reason = try await reason(to: tag, of: repository, in: store, names)
            else {
                continue
            }
            removable.append(
                PrunedTag(repository: repository, tag: tag, reason: reason, outcome: .listed))
        }
        removable += try await signatures(
            of: removable, among: tags, of: repository, in: store
        ).map { tag in
            PrunedTag(repository: repository, tag: tag, reason: .orphan, outcome: .listed)
        }
        report.keptCount += tags.count - removable.count
        if removes {
            let removed = Set(removable.map(\.tag))
            let remaining = NeededManifests(of: tags.filter { !removed.contains($0) }, in: store)
            for position in removable.indices {
                removable[position].outcome = try await outcome(
                    of: removable[position].tag, keeping: remaining, in: store)
            }
        }
        report.tags += removable
    }

    /// Returns the reason why a tag can be removed; `nil` if it is kept.
    private func reason(
        to tag: Tag, of repository: Repository, in store: any ContentSource, _ names: Names
    ) async throws -> PrunedTag.Reason? {
        if retained.contains(tag, in: repository) { return nil }
        if let digest = tag.retainedDigest {
            return retained.digests.contains(digest) ? nil : .kept
        }
        if tag.hasTruncatedSubject { return nil }
        if let subject = tag.subject {
            guard !retained.digests.contains(subject),
                try await digest(of: .digest(subject), in: store, names) == nil
            else { return nil }
            return .orphan
        }
        return .gone
    }

    /// Returns the tags of signatures and other referrers of manifests that only removable tags
    /// need.
    private func signatures(
        of removable: [PrunedTag], among tags: [Tag], of repository: Repository,
        in store: any ContentSource
    ) async throws -> [Tag] {
        let removed = Set(removable.map(\.tag))
        let remaining = tags.filter { !removed.contains($0) }
        let candidates = remaining.filter { !retained.contains($0, in: repository) }
            .compactMap { tag in tag.subject.map { (tag, $0) } }
            .filter { !retained.digests.contains($0.1) }
        guard !removed.isEmpty, !candidates.isEmpty else { return [] }
        let going = NeededManifests(of: removable.map(\.tag), in: store)
        let staying = NeededManifests(of: remaining, in: store)
        var signatures: [Tag] = []
        for (tag, subject) in candidates where try await going.tag(needing: subject) != nil {
            if try await staying.tag(needing: subject) == nil { signatures.append(tag) }
        }
        return signatures
    }

    /// The names that were resolved in one repository, shared between tags.
    private typealias Names = SingleFlight<ManifestName, Digest?>

    private func digest(
        of name: ManifestName, in store: any ContentSource, _ names: Names
    ) async throws -> Digest? {
        try await names.value(for: name) { try await store.resolve(name)?.digest }
    }

    // MARK: Removing

    private func outcome(
        of tag: Tag, keeping remaining: NeededManifests, in store: any ContentStore
    ) async throws -> PrunedTag.Outcome {
        do {
            do {
                try await store.delete(.tag(tag))
            } catch let error as any ContentFailure where error.failureClass == .invalid {
                // The registry deletes only manifests.
                guard let digest = try await store.resolve(.tag(tag))?.digest else {
                    return .removed
                }
                try await expectUnused(digest, by: remaining)
                try await store.delete(.digest(digest))
            }
            return .removed
        } catch let error as any ContentFailure where error.failureClass == .invalid {
            // The tag itself is valid: only its removal failed.
            return .failed(
                ImageFailure(.unavailable, role: .target, "\(error)", hint: error.hint))
        } catch let error as any ContentFailure {
            return .failed(ImageFailure(CopyError(error, role: .target, at: store.location)))
        }
    }

    private func expectUnused(_ digest: Digest, by remaining: NeededManifests) async throws {
        let isRetained = retained.digests.contains(digest)
        let tag = isRetained ? nil : try await remaining.tag(needing: digest)
        guard isRetained || tag != nil else { return }
        throw ContentError(
            .unavailable,
            "the registry deletes only manifests, and \(digest.short) is still in use"
                + (tag.map { " by tag \($0)" } ?? ""),
            hint: "keep the tag, or delete it with the registry's own tools")
    }
}

/// The manifests that some tags of a repository need, read when the first of them is looked up.
private actor NeededManifests {
    private let tags: [Tag]
    private let store: any ContentSource
    private var needed: [Digest: Tag]?

    init(of tags: [Tag], in store: any ContentSource) {
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

    /// Adds a manifest and everything that it lists, without reading a known manifest again.
    private func add(
        _ root: Descriptor, of tag: Tag, to found: inout [Digest: Tag]
    ) async throws {
        var pending = [root]
        var reads = 0
        while let next = pending.popLast() {
            guard found.updateValue(tag, forKey: next.digest) == nil, next.mediaType.isIndex else {
                continue
            }
            reads += 1
            guard reads <= ManifestGraph.Limits().count else {
                throw ContentError(
                    .invalid, "index \(root.digest.short): too many nested indexes")
            }
            do {
                let manifest = try await store.fetch(manifest: next).decoded()
                pending += Successors(of: manifest).manifests
            } catch let error as any ContentFailure where error.failureClass == .missing {
                // A sparse index lists manifests that are absent.
            }
        }
    }
}
