// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI
internal import Validation

/// The last phase of a sync: the lock entries, and the referrers that they list.
extension ImageSync {
    /// Creates the lock entry of each target that was copied to or validated, and copies the
    /// referrers that it lists.
    mutating func record(_ loaded: LoadedImage, _ report: ValidationReport) async throws {
        let (image, root) = (image, loaded.graph.root.descriptor)
        for target in resolved.targets {
            resolved.targets.update(target.location) {
                $0.record(image, root, validatedBy: report)
            }
        }
        try await copyReferrers(
            of: loaded.graph.nodes.map(\.descriptor.digest).reversed(), under: root.digest)
    }

    /// Copies the referrers of the image to the targets where it is new or changed, or where the last
    /// copy of referrers failed, and in a run that refreshes them to every target that has the image;
    /// then completes the lock entries.
    ///
    /// - Parameters:
    ///   - subjects: The digests of the manifests of the image.
    ///   - root: The digest of the image.
    /// - Throws: `CancellationError`.
    mutating func copyReferrers(of subjects: [Digest], under root: Digest) async throws {
        let mirrors = resolved.targets.filter(\.state.hasImage)
        var recorded: [StoreLocation: RecordedReferrers] = [:]
        if image.entry.referrers == .copy {
            for target in mirrors {
                recorded[target.location] = target.entry(listing: root).map {
                    RecordedReferrers(
                        referrers: $0.referrers, isIncomplete: $0.hasIncompleteReferrers)
                }
            }
            let lacking = mirrors.filter { target in
                let entry = target.entry(listing: root)
                return context.refreshesReferrers || target.receipt != nil
                    || target.lockEntry != nil && entry == nil
                    || entry?.hasIncompleteReferrers == true
            }
            let found = try await copyReferrers(of: subjects, under: root, to: lacking)
            for (location, found) in found {
                recorded[location] = RecordedReferrers(
                    referrers: found.recorded ?? recorded[location]?.referrers ?? [],
                    isIncomplete: !found.receipt.isComplete)
                resolved.targets.update(location) { $0.referrers = found.receipt }
            }
        }
        for target in mirrors {
            resolved.targets.update(target.location) {
                $0.record(recorded[target.location] ?? RecordedReferrers(), listing: root)
            }
        }
    }

    /// The referrers of a lock entry.
    fileprivate struct RecordedReferrers {
        var referrers: [LockedImage.Referrer] = []
        var isIncomplete = false
    }

    /// The receipt at one target, and the referrers to record; `nil` if they are unknown.
    private typealias FoundReferrers = (
        receipt: ReferrerReceipt, recorded: [LockedImage.Referrer]?
    )

    /// Copies the referrers of several manifests, read once for all targets.
    private func copyReferrers(
        of subjects: [Digest], under root: Digest, to targets: [ImageTarget]
    ) async throws -> [StoreLocation: FoundReferrers] {
        guard !targets.isEmpty else { return [:] }
        do {
            var stores: [any ContentStore] = []
            for target in targets { stores.append(try store(.target, at: target.location)) }
            let copier = ReferrerCopier(
                transfers: context.transfers, tracker: context.referrers, source: try source,
                targets: stores)
            let receipts = try await copier.copy(referrersOf: subjects)
            var found: [StoreLocation: FoundReferrers] = [:]
            for (target, store) in zip(targets, stores) {
                let receipt = receipts[target.location] ?? ReferrerReceipt()
                let recorded = try await copier.referrers(
                    replacing: target.entry(listing: root)?.referrers ?? [], receipt, at: store,
                    drops: context.refreshesReferrers)
                found[target.location] = (receipt, recorded)
            }
            return found
        } catch let error as CopyError {
            try Task.checkCancellation()
            var receipt = ReferrerReceipt()
            receipt.fail("referrers of \(root.short)", error)
            return Dictionary(targets.map { ($0.location, (receipt, nil)) }) { first, _ in first }
        }
    }
}

extension ImageTarget {
    /// Creates the lock entry of an image that was copied or validated.
    fileprivate mutating func record(
        _ image: PlannedImage, _ descriptor: Descriptor, validatedBy report: ValidationReport
    ) {
        switch state {
        case .needsValidation: state = .upToDate
        case .copied: break
        case .upToDate, .needsCopy, .blobsCopied, .failed: return
        }
        lockEntry = LockedImage(image, descriptor, validatedBy: report, at: location)
    }

    /// Completes the lock entry; an entry that is right as it is stays untouched.
    fileprivate mutating func record(
        _ recorded: ImageSync.RecordedReferrers, listing root: Digest
    ) {
        guard var entry = lockEntry ?? entry(listing: root) else { return }
        entry.referrers = recorded.referrers
        entry.hasIncompleteReferrers = recorded.isIncomplete
        if entry != locked { lockEntry = entry }
    }
}
