// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import Lockfiles
internal import OCI

/// Tracks the referrers that a run has read from sources and copied to targets.
///
/// Only one task copies the referrers of a subject to a target, so no two tasks write the tags of
/// the subject. Other images with the same subject share the result.
struct ReferrerTracker: Sendable {
    /// A subject in a store.
    struct Subject: Hashable, Sendable {
        let digest: Digest
        let location: StoreLocation
    }

    private enum Delivery {
        case pending
        case settled(ReferrerReceipt)
    }

    /// The referrers that a source lists for a subject.
    let listings = SingleFlight<Subject, [Descriptor]>(keepsResults: true)
    /// The tags of a source that name digests.
    let digestTags = SingleFlight<StoreLocation, Set<Tag>>(keepsResults: true)
    private let deliveries = AsyncCondition<[Subject: Delivery]>([:])

    /// Claims the targets to which no other task copies the referrers of `subject`.
    ///
    /// - Returns: The claimed targets. ``settle(_:at:_:)`` ends each claim.
    func claim(_ subject: Digest, at locations: [StoreLocation]) -> Set<StoreLocation> {
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
    func settle(_ subject: Digest, at location: StoreLocation, _ receipt: ReferrerReceipt?) {
        deliveries.change {
            $0[Subject(digest: subject, location: location)] = receipt.map { .settled($0) }
        }
    }

    /// Waits for the task that copies the referrers of a subject to a target and returns its
    /// receipt, or `nil` if that task has abandoned the copy.
    ///
    /// - Throws: `CancellationError`.
    func receipt(of subject: Digest, at location: StoreLocation) async throws -> ReferrerReceipt? {
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
