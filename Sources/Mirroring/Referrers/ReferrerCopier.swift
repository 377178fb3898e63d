// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import Lockfiles
internal import OCI

/// Copies the referrers of the images of a run to targets, each after its image.
///
/// Each referrer is read and verified once, and copied with everything below it to all targets that
/// lack it. Only one task copies the referrers of a subject to a target, so no two tasks write the
/// tags of the subject; other images with the same subject share the result. A failure is a warning
/// and never fails the image.
struct ReferrerCopier: Sendable {
    /// The maximum depth of referrers of referrers, counted from those of the image.
    ///
    /// An SBOM may be signed; deeper levels have no use.
    static let maximumDepth = 3

    /// A subject at a target.
    private struct Subject: Hashable, Sendable {
        let digest: Digest
        let location: StoreLocation
    }

    private enum Delivery {
        case pending
        case settled(ReferrerReceipt)
    }

    let transfers: BlobTransfers
    /// The maximum number of referrers of one image that are read, including those that cannot be
    /// copied.
    let maximumCount: Int
    private let sourceReferrers: SourceReferrers
    private let deliveries = AsyncCondition<[Subject: Delivery]>([:])

    /// Creates a copier for the images of a run.
    init(transfers: BlobTransfers, maximumCount: Int = 500) {
        self.transfers = transfers
        self.maximumCount = maximumCount
        self.sourceReferrers = SourceReferrers(maximumCount: maximumCount)
    }

    /// Copies the referrers of several manifests, and their cosign tags.
    ///
    /// - Returns: The receipts by target.
    /// - Throws: `CancellationError`.
    func copy(
        referrersOf subjects: [Digest], from source: any ContentSource,
        to targets: [any ContentStore]
    ) async throws -> [StoreLocation: ReferrerReceipt] {
        var receipts: [StoreLocation: ReferrerReceipt] = [:]
        var remaining = maximumCount
        var known = Set(subjects)
        var queue = subjects.map { (digest: $0, depth: 1) }[...]
        while let subject = queue.popFirst() {
            let results = try await copy(
                referrersOf: subject.digest, from: source, to: targets, &remaining)
            for location in targets.map(\.location) {
                guard let result = results[location] else { continue }
                receipts[location, default: ReferrerReceipt()].add(result)
                guard subject.depth < Self.maximumDepth else { continue }
                for digest in result.subjects where known.insert(digest).inserted {
                    queue.append((digest, subject.depth + 1))
                }
            }
        }
        return receipts
    }

    /// Copies the referrers of one subject to the targets to which no other image copies them, then
    /// waits for the results of the other images.
    private func copy(
        referrersOf subject: Digest, from source: any ContentSource, to targets: [any ContentStore],
        _ remaining: inout Int
    ) async throws -> [StoreLocation: ReferrerReceipt] {
        var results: [StoreLocation: ReferrerReceipt] = [:]
        var pending = targets.map(\.location)
        // A copy that another image abandons is claimed by this one.
        while !pending.isEmpty {
            let claimed = claim(subject, at: pending)
            let copied = try await copy(
                referrersOf: subject, from: source,
                toClaimed: targets.filter { claimed.contains($0.location) }, &remaining)
            results.merge(copied) { $1 }
            for location in pending where !claimed.contains(location) {
                results[location] = try await receipt(of: subject, at: location)?.shared
            }
            pending.removeAll { results[$0] != nil }
        }
        return results
    }

    /// Copies the referrers of one subject to claimed targets.
    private func copy(
        referrersOf subject: Digest, from source: any ContentSource,
        toClaimed targets: [any ContentStore], _ remaining: inout Int
    ) async throws -> [StoreLocation: ReferrerReceipt] {
        var copier = SubjectReferrerCopier(
            subject: subject, transfers: transfers, source: source,
            sourceReferrers: sourceReferrers, targets: targets, remaining: remaining)
        do {
            try await copier.copy()
        } catch {
            for target in targets { settle(subject, at: target.location, nil) }
            throw error
        }
        remaining = copier.remaining
        for target in targets {
            settle(subject, at: target.location, copier.receipts[target.location])
        }
        return copier.receipts
    }

    // MARK: Claims

    /// Claims the targets to which no other task copies the referrers of a subject.
    ///
    /// - Returns: The claimed targets. ``settle(_:at:_:)`` ends each claim.
    private func claim(_ subject: Digest, at locations: [StoreLocation]) -> Set<StoreLocation> {
        deliveries.change { deliveries in
            var claimed: Set<StoreLocation> = []
            for location in locations {
                let key = Subject(digest: subject, location: location)
                guard deliveries[key] == nil else { continue }
                deliveries[key] = .pending
                claimed.insert(location)
            }
            return claimed
        }
    }

    /// Ends a claim.
    ///
    /// Without a receipt, the next task may claim the target.
    private func settle(
        _ subject: Digest, at location: StoreLocation, _ receipt: ReferrerReceipt?
    ) {
        deliveries.change {
            $0[Subject(digest: subject, location: location)] = receipt.map { .settled($0) }
        }
    }

    /// Waits for the task that copies the referrers of a subject to a target and returns its
    /// receipt, or `nil` if that task has abandoned the copy.
    ///
    /// - Throws: `CancellationError`.
    private func receipt(
        of subject: Digest, at location: StoreLocation
    ) async throws -> ReferrerReceipt? {
        let key = Subject(digest: subject, location: location)
        return try await deliveries.take { deliveries -> ReferrerReceipt?? in
            switch deliveries[key] {
            case .pending: return nil
            case .settled(let receipt): return .some(receipt)
            case nil: return .some(nil)
            }
        }
    }
}

// MARK: Lock entries

extension ReferrerCopier {
    /// Returns the referrers to record in the lock entry of an image.
    ///
    /// An entry that the source no longer lists is kept as long as the target has the referrer,
    /// because it may be the last copy.
    ///
    /// - Parameters:
    ///   - old: The referrers that the entry lists.
    ///   - receipt: The result of this run.
    ///   - source: The source of the image.
    ///   - target: The store that the lock file describes.
    ///   - drops: A Boolean value that indicates whether entries of missing referrers are dropped,
    ///     and changed tags are accepted.
    /// - Returns: The new referrers, then the old ones that are kept.
    /// - Throws: `CancellationError`.
    func referrers(
        replacing old: [LockedImage.Referrer], _ receipt: ReferrerReceipt,
        from source: any ContentSource, at target: any ContentStore, drops: Bool
    ) async throws -> [LockedImage.Referrer] {
        let new = receipt.verified.sorted()
        let tags = Set(new.compactMap(\.tag))
        var rest: [LockedImage.Referrer] = []
        for referrer in old where !receipt.verified.contains(referrer) {
            if let tag = referrer.tag, tags.contains(tag) { continue }
            guard drops else {
                rest.append(referrer)
                continue
            }
            let current = try await current(referrer, from: source, at: target, after: receipt)
            if let current { rest.append(current) }
        }
        return Array((new + rest).prefix(maximumCount))
    }

    /// Returns a referrer as the target has it, or `nil` if neither the source nor the target has
    /// it.
    private func current(
        _ referrer: LockedImage.Referrer, from source: any ContentSource,
        at target: any ContentStore, after receipt: ReferrerReceipt
    ) async throws -> LockedImage.Referrer? {
        let name = referrer.tag.map(ManifestName.tag) ?? .digest(referrer.digest)
        do {
            let current = try await attributingErrors(to: .target, at: target.location) {
                try await target.resolve(name)
            }
            if let current { return .init(digest: current.digest, tag: referrer.tag) }
            guard receipt.isComplete else { return referrer }
            // The referrer can be copied again if the source has it without listing it.
            let isAtSource = try await attributingErrors(to: .source, at: source.location) {
                try await source.resolve(.digest(referrer.digest)) != nil
            }
            return isAtSource ? referrer : nil
        } catch is CopyError {
            try Task.checkCancellation()
            return referrer
        }
    }
}
