// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI
internal import Validation

/// The last phase of a sync: the lock entries, and the referrers that they list.
extension ImageSync {
    /// Creates the lock entry of each target that was copied to or validated, and copies the
    /// referrers that it lists.
    func record(_ copied: Loaded, _ report: ValidationReport) async throws(End) -> ImageOutcome {
        var recorded = copied
        for target in copied.targets {
            recorded.targets.update(target.location) {
                $0.record(image, copied.image.graph.root.descriptor, validatedBy: report)
            }
        }
        do {
            recorded.targets = try await withReferrers(
                of: copied.image.graph.nodes.map(\.descriptor.digest).reversed(),
                under: copied.descriptor.digest, at: recorded.targets)
        } catch {
            throw End(error) { recorded.outcome(.failed($0)) }
        }
        return recorded.outcome(.valid(report))
    }

    /// The referrers of an image at one target.
    private struct FoundReferrers {
        let receipt: ReferrerReceipt
        /// The referrers to record; `nil` if they are unknown.
        var recorded: [LockedImage.Referrer]?
    }

    /// Copies the referrers of an image to the targets where it is new or changed, and in a run
    /// that refreshes them to every target that has the image; then completes the lock entries.
    ///
    /// - Parameters:
    ///   - subjects: The digests of the manifests of the image.
    ///   - root: The digest of the image.
    ///   - targets: The targets; those that lack the image stay as they are.
    /// - Returns: The targets with their receipts and lock entries.
    /// - Throws: `CancellationError`.
    func withReferrers(
        of subjects: [Digest], under root: Digest, at targets: [ImageTarget]
    ) async throws -> [ImageTarget] {
        let mirrors = targets.filter(\.state.hasImage)
        var results = targets
        var recorded: [StoreLocation: [LockedImage.Referrer]] = [:]
        if image.entry.referrers == .copy {
            for target in mirrors {
                recorded[target.location] = target.entry(listing: root)?.referrers
            }
            let lacking = mirrors.filter { target in
                context.refreshesReferrers || target.receipt != nil
                    || target.lockEntry != nil && target.entry(listing: root) == nil
            }
            let found = try await copyReferrers(of: subjects, under: root, to: lacking)
            for (location, found) in found {
                recorded[location] = found.recorded ?? recorded[location]
                results.update(location) { $0.referrers = found.receipt }
            }
        }
        for target in mirrors {
            results.update(target.location) {
                $0.record(recorded[target.location] ?? [], listing: root)
            }
        }
        return results
    }

    /// Copies the referrers of several manifests, read once for all targets.
    private func copyReferrers(
        of subjects: [Digest], under root: Digest, to targets: [ImageTarget]
    ) async throws -> [StoreLocation: FoundReferrers] {
        guard !targets.isEmpty else { return [:] }
        do {
            var stores: [any ContentStore] = []
            for target in targets { stores.append(try store(.target, at: target.location)) }
            let copier = ReferrerCopier(
                copier: context.copier, tracker: context.referrers, source: try source,
                targets: stores)
            let receipts = try await copier.copy(referrersOf: subjects)
            var found: [StoreLocation: FoundReferrers] = [:]
            for (target, store) in zip(targets, stores) {
                let receipt = receipts[target.location] ?? ReferrerReceipt()
                let recorded = try await copier.referrers(
                    replacing: target.entry(listing: root)?.referrers ?? [], receipt, at: store,
                    drops: context.refreshesReferrers)
                found[target.location] = FoundReferrers(receipt: receipt, recorded: recorded)
            }
            return found
        } catch let error as CopyError {
            try Task.checkCancellation()
            var receipt = ReferrerReceipt()
            receipt.fail("referrers of \(root.short)", error)
            let found = FoundReferrers(receipt: receipt)
            return Dictionary(targets.map { ($0.location, found) }) { first, _ in first }
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
    fileprivate mutating func record(_ referrers: [LockedImage.Referrer], listing root: Digest) {
        guard var entry = lockEntry ?? entry(listing: root) else { return }
        entry.referrers = referrers
        if entry != locked { lockEntry = entry }
    }
}
