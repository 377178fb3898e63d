// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI

/// Copies the referrers of one subject to targets.
///
/// A source's list is only a hint: a manifest is a referrer if it names the subject itself. So is a
/// target's list: a manifest is present if the target has it.
struct SubjectReferrerCopier {
    let subject: Digest
    let transfers: BlobTransfers
    let source: any ContentSource
    let sourceReferrers: SourceReferrers
    let targets: [any ContentStore]
    /// The lists of the targets that could be read.
    private var lists: [StoreLocation: TargetReferrers] = [:]
    /// The result for each target.
    private(set) var receipts: [StoreLocation: ReferrerReceipt]
    /// The number of referrers that can still be read for the image.
    private(set) var remaining: Int

    init(
        subject: Digest, transfers: BlobTransfers, source: any ContentSource,
        sourceReferrers: SourceReferrers, targets: [any ContentStore], remaining: Int
    ) {
        self.subject = subject
        self.transfers = transfers
        self.source = source
        self.sourceReferrers = sourceReferrers
        self.targets = targets
        self.receipts = Dictionary(
            targets.map { ($0.location, ReferrerReceipt()) }
        ) { first, _ in first }
        self.remaining = remaining
    }

    /// Copies all referrers.
    ///
    /// A failure becomes a warning.
    ///
    /// - Throws: `CancellationError`.
    mutating func copy() async throws {
        guard !targets.isEmpty else { return }
        let name = "referrers of \(subject.short)"
        let known = sourceReferrers
        let listed = try await attempt(name, for: targets) { source, subject in
            try await known.list(of: subject, in: source)
        }
        if let listed { try await copy(listed) }
        let tags = try await attempt(name, for: targets) { source, subject in
            try await known.cosignTags(of: subject, in: source)
        }
        for tag in take(tags ?? []) { try await copy(tag) }
    }

    /// Takes as many referrers as can still be read.
    ///
    /// Failed referrers count as well, so that a hostile list does not determine the number of
    /// requests.
    private mutating func take<Element>(_ found: [Element]) -> ArraySlice<Element> {
        let taken = found.prefix(remaining)
        remaining -= taken.count
        if taken.count < found.count {
            let warning =
                "\(subject.short): more than \(sourceReferrers.maximumCount) referrers; "
                + "the rest is not copied"
            for store in targets { receipts[store.location]?.warn(warning) }
        }
        return taken
    }

    // MARK: Listed referrers

    private mutating func copy(_ listed: [Descriptor]) async throws {
        let taken = take(listed)
        guard !taken.isEmpty else { return }
        let name = "referrers of \(subject.short)"
        for store in targets {
            lists[store.location] = try await attempt(name, at: store) { store, subject in
                try await TargetReferrers(of: subject, in: store)
            }
        }
        for descriptor in taken { try await copy(descriptor) }
        for store in targets {
            guard var list = lists[store.location] else { continue }
            try await attempt(name, at: store) { store, _ in try await list.write(to: store) }
        }
    }

    private mutating func copy(_ descriptor: Descriptor) async throws {
        let referrer = LockedImage.Referrer(digest: descriptor.digest)
        let name = "referrer \(descriptor.digest.short)"
        var lacking: [TargetCopy] = []
        for store in targets {
            guard let list = lists[store.location] else { continue }
            let isPresent = try await attempt(name, at: store) { store, _ in
                guard list.lists(descriptor.digest) else { return false }
                return try await store.currentDescriptor(of: .digest(descriptor.digest)) != nil
            }
            if isPresent == true { record(referrer, at: store) }
            if isPresent == false {
                lacking.append(
                    TargetCopy(
                        to: store, as: .digest(descriptor.digest), replacing: nil,
                        trustsReplaced: false))
            }
        }
        guard !lacking.isEmpty,
            let graph = try await attempt(
                name, for: lacking.map(\.store),
                { try await $0.read(referrer: descriptor, naming: $1) })
        else { return }
        let copied = try await copy(graph, to: lacking)
        for (location, receipt) in copied where !receipt.isListed {
            lists[location]?.add(graph.root)
        }
    }

    // MARK: Tags

    private mutating func copy(_ tag: Tag) async throws {
        let name = "tag \(tag)"
        let found = try await attempt(name, for: targets) { source, _ in
            try await source.resolve(.tag(tag))
        }
        guard case let descriptor?? = found else { return }
        var lacking: [TargetCopy] = []
        for store in targets {
            let current = try await attempt(name, at: store) { store, _ in
                try await store.currentDescriptor(of: .tag(tag))
            }
            guard let current else { continue }
            if let current, current.digest == descriptor.digest {
                record(.init(digest: current.digest, tag: tag), at: store)
            } else {
                lacking.append(
                    TargetCopy(
                        to: store, as: .tag(tag), replacing: current, trustsReplaced: false))
            }
        }
        guard !lacking.isEmpty,
            let graph = try await attempt(
                name, for: lacking.map(\.store),
                { source, _ in try await source.read(referrer: descriptor, naming: nil) })
        else { return }
        var replaceable: [TargetCopy] = []
        for target in lacking where try await canReplace(tag, at: target, with: graph) {
            replaceable.append(target)
        }
        _ = try await copy(graph, under: tag, to: replaceable)
    }

    /// Returns a Boolean value that indicates whether a tag can be moved.
    ///
    /// Otherwise, the content of the target is recorded.
    private mutating func canReplace(
        _ tag: Tag, at target: TargetCopy, with graph: ManifestGraph
    ) async throws -> Bool {
        guard let current = target.current else { return true }
        let order = try await attempt("tag \(tag)", at: target.store) { store, _ in
            try await SignatureOrder(of: current, in: store, comparedTo: graph.root.manifest)
        }
        switch order {
        case .older, .missing: return true
        case .newer: record(.init(digest: current.digest, tag: tag), at: target.store)
        case .diverged:
            record(.init(digest: current.digest, tag: tag), at: target.store)
            receipts[target.store.location]?.warn("tag \(tag): \(SignatureOrder.divergenceWarning)")
        case nil: break
        }
        return false
    }

    // MARK: Requests

    /// Copies a referrer with everything below it to the targets that lack it.
    ///
    /// - Returns: The receipts of the targets that it was copied to.
    private mutating func copy(
        _ graph: ManifestGraph, under tag: Tag? = nil, to targets: [TargetCopy]
    ) async throws -> [StoreLocation: CopyReceipt] {
        guard !targets.isEmpty else { return [:] }
        let copy = ImageCopy(
            of: graph, for: "referrer", from: [source], to: targets, transfers: transfers)
        let referrer = LockedImage.Referrer(digest: graph.root.descriptor.digest, tag: tag)
        try await copy.run()
        var copied: [StoreLocation: CopyReceipt] = [:]
        for target in targets {
            if let failure = target.failure {
                try Task.checkCancellation()
                let kind = tag.map { "tag \($0)" } ?? "referrer \(referrer.digest.short)"
                receipts[target.location]?.fail(kind, failure)
            } else {
                receipts[target.location]?.verified.insert(referrer)
                receipts[target.location]?.written.insert(referrer)
                copied[target.location] = target.receipt
            }
        }
        return copied
    }

    private mutating func record(_ referrer: LockedImage.Referrer, at store: any ContentStore) {
        guard receipts[store.location]?.verified.insert(referrer).inserted == true else { return }
        receipts[store.location]?.present += 1
    }

    /// Sends requests to the source.
    ///
    /// A failure is recorded for all targets that need the result.
    private mutating func attempt<Value>(
        _ name: String, for targets: [any ContentStore],
        _ body: (any ContentSource, Digest) async throws -> Value
    ) async throws -> Value? {
        do {
            return try await attributingErrors(to: .source, at: source.location) {
                try await body(source, subject)
            }
        } catch let error as CopyError {
            try Task.checkCancellation()
            for store in targets { receipts[store.location]?.fail(name, error) }
            return nil
        }
    }

    @discardableResult
    private mutating func attempt<Value>(
        _ name: String, at store: any ContentStore,
        _ body: (any ContentStore, Digest) async throws -> Value
    ) async throws -> Value? {
        do {
            return try await attributingErrors(to: .target, at: store.location) {
                try await body(store, subject)
            }
        } catch let error as CopyError {
            try Task.checkCancellation()
            receipts[store.location]?.fail(name, error)
            return nil
        }
    }
}
