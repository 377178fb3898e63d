// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI

/// The referrers of an image: signatures, SBOMs and attestations that lie beside it.
extension ImageSync {
    /// Copies the referrers of an image to the targets where it is new or changed, and in a run
    /// that refreshes them to every target that has the image; then records them in the lock
    /// entries.
    ///
    /// - Parameters:
    ///   - descriptor: the descriptor of the image.
    ///   - graph: the manifests of the image; `nil` if this run did not read them.
    ///   - work: the state of each target.
    ///   - outcome: the result, whose receipts and lock entries are completed.
    /// - Throws: `CancellationError`.
    func copyReferrers(
        of descriptor: Descriptor, _ graph: ManifestGraph?, _ work: ImageWork,
        _ outcome: inout ImageOutcome
    ) async throws {
        let positions = outcome.targets.indices.filter {
            outcome.targets[$0].failure == nil && (work.toCopy + work.holders).contains($0)
        }
        guard image.entry.referrers == .copy else {
            for position in positions { record([], of: descriptor, at: position, &outcome) }
            return
        }
        let looked = positions.filter { position in
            let target = outcome.targets[position]
            return run.refreshesReferrers || work.toCopy.contains(position)
                || target.lockEntry != nil && target.lockedReferrers(of: descriptor) == nil
        }
        let children = Set(outcome.facts.platforms.map(\.digest)).subtracting([descriptor.digest])
        let subjects =
            graph.map { $0.nodes.map(\.descriptor.digest).reversed() }
            ?? [descriptor.digest] + children.sorted()
        var found: [Int: [LockedImage.Referrer]] = [:]
        do {
            if !looked.isEmpty {
                found = try await copyReferrers(
                    of: subjects, as: descriptor, to: looked, work, &outcome)
            }
        } catch let error as CopyError {
            try Task.checkCancellation()
            var receipt = ReferrerReceipt()
            receipt.fail("referrers of \(descriptor.digest.short)", error)
            for position in looked { outcome.targets[position].referrers = receipt }
        }
        for position in positions {
            let old = outcome.targets[position].lockedReferrers(of: descriptor) ?? []
            record(found[position] ?? old, of: descriptor, at: position, &outcome)
        }
    }

    /// Copies the referrers of several manifests, read once for all targets.
    ///
    /// - Returns: the referrers to record for each target.
    private func copyReferrers(
        of subjects: [Digest], as descriptor: Descriptor, to positions: [Int], _ work: ImageWork,
        _ outcome: inout ImageOutcome
    ) async throws -> [Int: [LockedImage.Referrer]] {
        let targets = try positions.map { try target($0, work) }
        let copy = ReferrerCopy(
            copier: run.copier, tracker: run.referrers, source: try upstream, targets: targets)
        let receipts = try await copy.copy(referrersOf: subjects)
        var found: [Int: [LockedImage.Referrer]] = [:]
        for (position, (target, receipt)) in zip(positions, zip(targets, receipts)) {
            let old = outcome.targets[position].lockedReferrers(of: descriptor) ?? []
            outcome.targets[position].referrers = receipt
            found[position] = try await copy.referrers(
                replacing: old, receipt, at: target, drops: run.refreshesReferrers)
            // The lock file lists what the target had lost.
            if outcome.status == .unchanged, !receipt.written.isDisjoint(with: old) {
                outcome.status = .repaired
            }
        }
        return found
    }

    /// Completes the lock entry of a target; an entry that is right as it is stays untouched.
    private func record(
        _ referrers: [LockedImage.Referrer], of descriptor: Descriptor, at position: Int,
        _ outcome: inout ImageOutcome
    ) {
        let target = outcome.targets[position]
        let isSame = target.lockedReferrers(of: descriptor) != nil
        guard var lockEntry = target.lockEntry ?? (isSame ? target.locked : nil) else { return }
        lockEntry.referrers = referrers
        if lockEntry != target.locked { outcome.targets[position].lockEntry = lockEntry }
    }
}

extension ImageOutcome.AtTarget {
    /// The referrers that the lock entry lists; `nil` if there is no entry for the same content in
    /// the same repository.
    fileprivate func lockedReferrers(of descriptor: Descriptor) -> [LockedImage.Referrer]? {
        guard let locked, locked.digest == descriptor.digest,
            .repository(locked.repository) == location
        else { return nil }
        return locked.referrers
    }
}
