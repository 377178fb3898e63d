// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI

/// Copies the referrers of one subject to targets.
///
/// A source's list is only a hint: a manifest is a referrer if it names the subject itself. So is a
/// target's list: a manifest is present if the target has it.
struct SubjectDelivery {
    private struct Target {
        let store: any ContentStore
        /// The target's list, or `nil` if it could not be read.
        var list: TargetReferrers?
        var receipt = ReferrerReceipt()
    }

    private let subject: Digest
    private let copier: Copier
    private let referrers: ReferrerSource
    private let maximumCount: Int
    private var targets: [Target]
    /// The number of referrers that can still be read for the image.
    private(set) var remaining: Int

    init(
        of subject: Digest, by copy: ReferrerCopy, to stores: [any ContentStore], remaining: Int
    ) {
        self.subject = subject
        self.copier = copy.copier
        self.referrers = ReferrerSource(
            store: copy.source, tracker: copy.tracker, maximumCount: copy.maximumCount)
        self.maximumCount = copy.maximumCount
        self.targets = stores.map { Target(store: $0) }
        self.remaining = remaining
    }

    /// The result for each target.
    var receipts: [ReferrerReceipt] { targets.map(\.receipt) }

    /// Copies all referrers.
    ///
    /// A failure becomes a warning.
    ///
    /// - Throws: `CancellationError`.
    mutating func run() async throws {
        guard !targets.isEmpty else { return }
        let name = "referrers of \(subject.short)"
        let all = Array(targets.indices)
        if let listed = try await attempt(name, for: all, { try await $0.list(of: $1) }) {
            try await copy(listed)
        }
        if let tags = try await attempt(name, for: all, { try await $0.cosignTags(of: $1) }) {
            for tag in take(tags) { try await copy(tag) }
        }
    }

    /// Takes as many referrers as can still be read.
    ///
    /// Failed referrers count as well, so that a hostile list does not determine the number of
    /// requests.
    private mutating func take<Element>(_ found: [Element]) -> ArraySlice<Element> {
        let taken = found.prefix(remaining)
        remaining -= taken.count
        if taken.count < found.count {
            for position in targets.indices {
                targets[position].receipt.warn(
                    "\(subject.short): more than \(maximumCount) referrers; the rest is not copied")
            }
        }
        return taken
    }

    // MARK: Listed referrers

    private mutating func copy(_ listed: [Descriptor]) async throws {
        let taken = take(listed)
        guard !taken.isEmpty else { return }
        for position in targets.indices {
            targets[position].list = try await attempt(
                "referrers of \(subject.short)", at: position
            ) { store, subject in try await TargetReferrers(of: subject, in: store) }
        }
        for descriptor in taken { try await copy(descriptor) }
        for position in targets.indices {
            guard var list = targets[position].list else { continue }
            try await attempt("referrers of \(subject.short)", at: position) { store, _ in
                try await list.write(to: store)
            }
        }
    }

    private mutating func copy(_ descriptor: Descriptor) async throws {
        let referrer = LockedImage.Referrer(digest: descriptor.digest)
        let name = "referrer \(descriptor.digest.short)"
        var lacking: [Int] = []
        for position in targets.indices {
            guard let list = targets[position].list else { continue }
            let isPresent = try await attempt(name, at: position) { store, _ in
                guard list.lists(descriptor.digest) else { return false }
                return try await store.currentDescriptor(of: .digest(descriptor.digest)) != nil
            }
            if isPresent == true { record(referrer, at: position) }
            if isPresent == false { lacking.append(position) }
        }
        guard !lacking.isEmpty,
            let graph = try await attempt(
                name, for: lacking, { try await $0.read(descriptor, about: $1) })
        else { return }
        let jobs = lacking.map { (position: $0, current: Descriptor?.none) }
        for (position, receipt) in try await copy(graph, as: .digest(descriptor.digest), jobs)
        where !receipt.isListed {
            targets[position].list?.add(graph.root)
        }
    }

    // MARK: Tags

    private mutating func copy(_ tag: Tag) async throws {
        let all = Array(targets.indices)
        guard
            let found = try await attempt(
                "tag \(tag)", for: all, { source, _ in try await source.resolve(tag) }),
            let descriptor = found
        else { return }
        var lacking: [(position: Int, current: Descriptor?)] = []
        for position in targets.indices {
            let current = try await attempt("tag \(tag)", at: position) { store, _ in
                try await store.currentDescriptor(of: .tag(tag))
            }
            guard let current else { continue }
            if let current, current.digest == descriptor.digest {
                record(.init(digest: current.digest, tag: tag), at: position)
            } else {
                lacking.append((position, current))
            }
        }
        guard !lacking.isEmpty,
            let graph = try await attempt(
                "tag \(tag)", for: lacking.map(\.position),
                { source, _ in
                    try await source.read(descriptor)
                })
        else { return }
        var replaced: [(position: Int, current: Descriptor?)] = []
        for (position, current) in lacking
        where try await canReplace(tag, current, at: position, with: graph) {
            replaced.append((position, current))
        }
        _ = try await copy(graph, as: .tag(tag), replaced)
    }

    /// Returns a Boolean value that indicates whether a tag can be moved.
    ///
    /// Otherwise, the content of the target is recorded.
    private mutating func canReplace(
        _ tag: Tag, _ current: Descriptor?, at position: Int, with graph: ManifestGraph
    ) async throws -> Bool {
        guard let current else { return true }
        let order = try await attempt("tag \(tag)", at: position) { store, _ in
            try await SignatureOrder(of: current, in: store, comparedTo: graph.root.manifest)
        }
        switch order {
        case .older, .missing: return true
        case .newer: record(.init(digest: current.digest, tag: tag), at: position)
        case .diverged:
            record(.init(digest: current.digest, tag: tag), at: position)
            targets[position].receipt.warn("tag \(tag): \(SignatureOrder.divergenceWarning)")
        case nil: break
        }
        return false
    }

    // MARK: Requests

    private mutating func copy(
        _ graph: ManifestGraph, as name: ManifestName,
        _ pending: [(position: Int, current: Descriptor?)]
    ) async throws -> [(position: Int, receipt: CopyReceipt)] {
        guard !pending.isEmpty else { return [] }
        let job = CopyJob(
            name: "referrer", graph: graph, configBlobs: [:], sources: [referrers.store],
            targets: pending.map {
                CopyJob.Target(
                    store: targets[$0.position].store, name: name, current: $0.current,
                    addsRetentionTag: false, trustsReplaced: false)
            })
        let tag: Tag? = if case .tag(let tag) = name { tag } else { nil }
        let referrer = LockedImage.Referrer(digest: graph.root.descriptor.digest, tag: tag)
        var copied: [(Int, CopyReceipt)] = []
        for (entry, result) in zip(pending, try await copier.copy(job)) {
            if let failure = result.failure {
                try Task.checkCancellation()
                let kind = tag.map { "tag \($0)" } ?? "referrer \(referrer.digest.short)"
                targets[entry.position].receipt.fail(kind, failure)
            } else {
                targets[entry.position].receipt.verified.insert(referrer)
                targets[entry.position].receipt.written.insert(referrer)
                copied.append((entry.position, result.receipt))
            }
        }
        return copied
    }

    private mutating func record(_ referrer: LockedImage.Referrer, at position: Int) {
        if targets[position].receipt.verified.insert(referrer).inserted {
            targets[position].receipt.present += 1
        }
    }

    /// Sends requests to the source.
    ///
    /// A failure is recorded for all targets that need the result.
    private mutating func attempt<Value>(
        _ name: String, for positions: [Int],
        _ body: (ReferrerSource, Digest) async throws -> Value
    ) async throws -> Value? {
        do {
            return try await at(.source, referrers.store.location) {
                try await body(referrers, subject)
            }
        } catch let error as CopyError {
            try Task.checkCancellation()
            for position in positions { targets[position].receipt.fail(name, error) }
            return nil
        }
    }

    @discardableResult
    private mutating func attempt<Value>(
        _ name: String, at position: Int,
        _ body: (any ContentStore, Digest) async throws -> Value
    ) async throws -> Value? {
        let store = targets[position].store
        do {
            return try await at(.target, store.location) { try await body(store, subject) }
        } catch let error as CopyError {
            try Task.checkCancellation()
            targets[position].receipt.fail(name, error)
            return nil
        }
    }
}
