// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import StrictJSON

/// Brings what refers to an image to one target, after the image itself.
///
/// Each referrer is read, proved and copied like any manifest, with all below it. What a store lists
/// is only a hint: a manifest counts as a referrer where it names the subject itself. Nothing that goes wrong here fails the image.
struct ReferrerCopy: Sendable {
    /// How far referrers of referrers are followed, the image's own included: a list of parts may be
    /// signed, and that is the end of it.
    static let maximumDepth = 3
    let copier: Copier
    let ledger: ReferrerTracker
    let source: any ContentSource
    let target: any ContentStore
    /// How many referrers of one image are looked at.
    var maximumCount = 500

    /// Brings the referrers of several manifests, and their digest tags.
    ///
    /// - Throws: `CancellationError`; all else is a warning.
    func bring(referrersOf subjects: [Digest]) async throws -> ReferrerReceipt {
        var receipt = ReferrerReceipt()
        var waiting = subjects.map { (digest: $0, depth: 1) }[...]
        while let subject = waiting.popFirst() {
            guard try await ledger.claim(subject.digest, at: target.location) else { continue }
            do {
                let found = try await bring(referrersOf: subject.digest, &receipt)
                if subject.depth < Self.maximumDepth {
                    waiting += found.map { ($0, subject.depth + 1) }
                }
                try await bringTags(of: subject.digest, &receipt)
            } catch let error as CopyError {
                try Task.checkCancellation()
                receipt.warn("referrers of \(subject.digest.short): \(error)")
            }
        }
        return receipt
    }

    // MARK: Listed referrers

    private func bring(
        referrersOf subject: Digest, _ receipt: inout ReferrerReceipt
    ) async throws -> [Digest] {
        var listed = try await atSource { try await listReferrers(of: subject) }
        guard !listed.isEmpty else { return [] }
        let room = maximumCount - receipt.copied - receipt.present
        if listed.count > room {
            receipt.warn(
                "\(subject.short) has more referrers than are copied, \(maximumCount)")
            listed = Array(listed.prefix(max(0, room)))
        }
        var shelf = try await atTarget { try await Shelf(of: subject, in: target) }
        var found: [Digest] = []
        for descriptor in listed {
            guard !shelf.holds(descriptor.digest) else {
                receipt.present += 1
                found.append(descriptor.digest)
                continue
            }
            do {
                let graph = try await atSource { try await read(descriptor, about: subject) }
                let copied = try await copy(graph, as: .digest(descriptor.digest))
                receipt.copied += 1
                found.append(descriptor.digest)
                if !copied.isListed { shelf.add(graph.root) }
            } catch let error as CopyError {
                try Task.checkCancellation()
                receipt.warn("referrer \(descriptor.digest.short): \(error)")
            }
        }
        try await atTarget { try await shelf.write(to: target) }
        return found
    }

    /// What the source says refers to a manifest: its own list, else the index under the tag.
    private func listReferrers(of subject: Digest) async throws -> [Descriptor] {
        if let listed = try await source.referrers(of: subject) { return listed }
        let tag = try DigestTag.list(of: subject)
        guard try await ledger.digestTags(of: source).contains(tag),
            let descriptor = try await source.resolve(.tag(tag)), descriptor.mediaType.isIndex
        else { return [] }
        guard case .index(let index) = try await source.fetch(manifest: descriptor).decoded() else {
            return []
        }
        return index.manifests
    }

    /// Reads a referrer with all below it.
    private func read(
        _ descriptor: Descriptor, about subject: Digest
    ) async throws -> ManifestGraph {
        let raw = try await source.fetch(manifest: descriptor)
        guard try raw.decoded().subject?.digest == subject else {
            throw ContentError(.invalid, "it is listed, but does not name \(subject.short) itself")
        }
        return try await ManifestGraph.read(from: raw, in: source)
    }

    // MARK: Tags

    /// Copies the tags that cosign hangs on a digest.
    private func bringTags(of subject: Digest, _ receipt: inout ReferrerReceipt) async throws {
        let known = try await ledger.digestTags(of: source)
        let tags = try await atSource { try DigestTag.cosign(for: subject) }
        for tag in tags where known.contains(tag) {
            do {
                if try await bring(tag) { receipt.tags += 1 }
            } catch let error as CopyError {
                try Task.checkCancellation()
                receipt.warn("tag \(tag): \(error)")
            }
        }
    }

    /// Copies one tag, unless the target has more under it than the source.
    private func bring(_ tag: Tag) async throws -> Bool {
        guard let descriptor = try await atSource({ try await source.resolve(.tag(tag)) }) else {
            return false
        }
        let standing = try await atTarget { try await target.standing(of: .tag(tag)) }
        guard standing?.digest != descriptor.digest else { return false }
        let graph = try await atSource {
            try await ManifestGraph.read(
                from: try await source.fetch(manifest: descriptor), in: source)
        }
        if let standing {
            let old = try await atTarget { try await target.fetch(manifest: standing).decoded() }
            let (there, here) = (Successors(of: old), Successors(of: graph.root.manifest))
            // cosign adds a layer for each signature; those of the mirror's own owner are not undone.
            guard
                Set(there.blobs.dropLast().map(\.digest))
                    .isSubset(of: here.blobs.map(\.digest))
            else {
                throw CopyError(
                    ContentError(.invalid, "the target has other content there; it is left alone"),
                    side: .target, at: target.location)
            }
        }
        _ = try await copy(graph, as: .tag(tag), standing)
        return true
    }

    // MARK: Parts

    private func copy(
        _ graph: ManifestGraph, as name: ManifestName, _ standing: Descriptor? = nil
    ) async throws -> CopyReceipt {
        let destination = CopyJob.Destination(
            store: target, name: name, standing: standing, keepsReplaced: false)
        let results = try await copier.copy(
            CopyJob(
                name: "referrer", graph: graph, held: [:], sources: [source],
                destinations: [destination]))
        return try results[0].get()
    }

    private func atSource<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await at(.source, source.location, body)
    }

    private func atTarget<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await at(.target, target.location, body)
    }
}

extension ReferrerCopy {
    /// What a target has of a subject's referrers: its own list, or the index under the tag.
    private struct Shelf {
        private let tag: Tag
        private let listed: Set<Digest>
        private var index: ReferrerIndex
        private var hasChanged = false

        init(of subject: Digest, in target: any ContentStore) async throws {
            tag = try DigestTag.list(of: subject)
            if let listed = try await target.referrers(of: subject) {
                self.listed = Set(listed.map(\.digest))
                index = ReferrerIndex()
                return
            }
            listed = []
            guard let standing = try await target.standing(of: .tag(tag)) else {
                index = ReferrerIndex()
                return
            }
            do {
                index = try ReferrerIndex(try await target.fetch(manifest: standing))
            } catch let error as JSONError {
                throw ContentError(.invalid, "the tag \(tag) lists no referrers: \(error)")
            }
        }

        func holds(_ digest: Digest) -> Bool { listed.contains(digest) || index.lists(digest) }

        mutating func add(_ referrer: ManifestGraph.Node) {
            index.add(referrer)
            hasChanged = true
        }

        func write(to target: any ContentStore) async throws {
            guard hasChanged else { return }
            try await target.push(manifest: index.manifest, as: .tag(tag))
        }
    }
}

extension ReferrerReceipt {
    fileprivate mutating func warn(_ line: String) { warnings.append(line) }
}
