// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI

/// Copies the referrers of an image to targets, after the image itself.
///
/// Each referrer is read and verified once, and copied with everything below it to all targets that
/// lack it. A failure is a warning and never fails the image.
struct ReferrerCopier: Sendable {
    /// The maximum depth of referrers of referrers, counted from those of the image.
    ///
    /// An SBOM may be signed; deeper levels have no use.
    static let maximumDepth = 3

    let transfers: BlobTransfers
    let tracker: ReferrerTracker
    var source: any ContentSource
    let targets: [any ContentStore]
    /// The maximum number of referrers of one image that are read, including those that cannot be
    /// copied.
    var maximumCount = 500

    /// Copies the referrers of several manifests, and their cosign tags.
    ///
    /// - Returns: The receipts by target.
    /// - Throws: `CancellationError`.
    func copy(referrersOf subjects: [Digest]) async throws -> [StoreLocation: ReferrerReceipt] {
        var receipts: [StoreLocation: ReferrerReceipt] = [:]
        var remaining = maximumCount
        var known = Set(subjects)
        var queue = subjects.map { (digest: $0, depth: 1) }[...]
        while let subject = queue.popFirst() {
            let results = try await copy(referrersOf: subject.digest, &remaining)
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
        referrersOf subject: Digest, _ remaining: inout Int
    ) async throws -> [StoreLocation: ReferrerReceipt] {
        var results: [StoreLocation: ReferrerReceipt] = [:]
        var pending = targets.map(\.location)
        // A copy that another image abandons is claimed by this one.
        while !pending.isEmpty {
            let claimed = tracker.claim(subject, at: pending)
            results.merge(try await copy(referrersOf: subject, to: claimed, &remaining)) { $1 }
            for location in pending where !claimed.contains(location) {
                results[location] = try await tracker.receipt(of: subject, at: location)?.shared
            }
            pending.removeAll { results[$0] != nil }
        }
        return results
    }

    /// Copies the referrers of one subject to claimed targets.
    private func copy(
        referrersOf subject: Digest, to claimed: Set<StoreLocation>, _ remaining: inout Int
    ) async throws -> [StoreLocation: ReferrerReceipt] {
        var copier = SubjectReferrerCopier(
            subject: subject, transfers: transfers,
            source: ReferrerSource(store: source, tracker: tracker, maximumCount: maximumCount),
            targets: targets.filter { claimed.contains($0.location) }, remaining: remaining)
        do {
            try await copier.copy()
        } catch {
            for location in claimed { tracker.settle(subject, at: location, nil) }
            throw error
        }
        remaining = copier.remaining
        for location in claimed {
            tracker.settle(subject, at: location, copier.receipts[location])
        }
        return copier.receipts
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
    ///   - target: The store that the lock file describes.
    ///   - drops: A Boolean value that indicates whether entries of missing referrers are dropped,
    ///     and changed tags are accepted.
    /// - Returns: The new referrers, then the old ones that are kept.
    /// - Throws: `CancellationError`.
    func referrers(
        replacing old: [LockedImage.Referrer], _ receipt: ReferrerReceipt,
        at target: any ContentStore, drops: Bool
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
            if let current = try await current(referrer, at: target, after: receipt) {
                rest.append(current)
            }
        }
        return Array((new + rest).prefix(maximumCount))
    }

    /// Returns a referrer as the target has it, or `nil` if neither the source nor the target has
    /// it.
    private func current(
        _ referrer: LockedImage.Referrer, at target: any ContentStore,
        after receipt: ReferrerReceipt
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
