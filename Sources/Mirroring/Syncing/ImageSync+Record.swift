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
        for target in latest.targets {
            latest.targets.update(target.location) {
                $0.record(image, root, validatedBy: report)
            }
        }
        let subjects = Array(loaded.graph.nodes.map(\.descriptor.digest).reversed())
        try await copyReferrers(of: root) { _ in subjects }
    }

    /// Copies the referrers of the image to the targets where it is new or changed, or where the last
    /// copy of referrers failed, and in a run that refreshes them to every target that has the image;
    /// then completes the lock entries.
    ///
    /// - Parameters:
    ///   - root: The descriptor of the image.
    ///   - subjects: Returns the digests of the manifests of the image, which a target has.
    /// - Throws: `CancellationError`.
    mutating func copyReferrers(
        of root: Descriptor, subjects: (any ContentStore) async throws -> [Digest]
    ) async throws {
        let mirrors = latest.targets.filter(\.state.hasImage)
        let copies = image.entry.referrers == .copy
        let lacking = mirrors.filter { target in
            let entry = target.lockedBefore(listing: root.digest)
            return context.refreshesReferrers || target.receipt != nil
                || target.lockEntry != nil && entry == nil || entry?.hasIncompleteReferrers == true
        }
        let found =
            copies ? try await copyReferrers(of: root.digest, to: lacking, subjects: subjects) : [:]
        for target in mirrors {
            latest.targets.update(target.location) {
                $0.record(found[target.location], listing: root.digest, keepsRecorded: copies)
            }
        }
    }

    /// The receipt at one target, and the referrers to record; `nil` if they are unknown.
    fileprivate typealias FoundReferrers = (
        receipt: ReferrerReceipt, recorded: [LockedImage.Referrer]?
    )

    /// Copies the referrers of an image and of its manifests, read once for all targets.
    private func copyReferrers(
        of root: Digest, to targets: [ImageTarget],
        subjects: (any ContentStore) async throws -> [Digest]
    ) async throws -> [StoreLocation: FoundReferrers] {
        guard let first = targets.first else { return [:] }
        do {
            var stores: [any ContentStore] = []
            for target in targets {
                stores.append(try self.stores.store(at: target.location, as: .target))
            }
            let subjects = try await attributingErrors(to: .target, at: first.location) {
                try await subjects(stores[0])
            }
            let source = try source
            let receipts = try await context.referrers.copy(
                referrersOf: subjects, from: source, to: stores)
            var found: [StoreLocation: FoundReferrers] = [:]
            for (target, store) in zip(targets, stores) {
                let receipt = receipts[target.location] ?? ReferrerReceipt()
                let recorded = try await context.referrers.referrers(
                    replacing: target.lockedBefore(listing: root)?.referrers ?? [], receipt,
                    from: source,
                    at: store, drops: context.refreshesReferrers)
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

    /// Records the referrers that were found, if they were looked up, and completes the lock entry.
    ///
    /// An entry that is right as it is stays untouched.
    ///
    /// - Parameters:
    ///   - found: The result; `nil` if no referrers were looked up.
    ///   - root: The digest of the image.
    ///   - keepsRecorded: A Boolean value that indicates whether referrers that were not looked up
    ///     stay in the entry.
    fileprivate mutating func record(
        _ found: ImageSync.FoundReferrers?, listing root: Digest, keepsRecorded: Bool
    ) {
        if let found { referrers = found.receipt }
        let recorded = lockedBefore(listing: root)
        guard var entry = lockEntry ?? recorded else { return }
        let kept = keepsRecorded ? recorded : nil
        entry.referrers = found?.recorded ?? kept?.referrers ?? []
        entry.hasIncompleteReferrers =
            found?.receipt.shouldRetry ?? kept?.hasIncompleteReferrers ?? false
        if entry != lockedBefore { lockEntry = entry }
    }
}
