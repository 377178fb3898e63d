// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import AsyncPrimitives

/// What is known over a whole run: which subjects have been looked after, and which tags speak of
/// digests.
///
/// One task alone looks after a subject at a target, so nobody else writes the tags that are its own.
struct ReferrerTracker: Sendable {
    private struct Subject: Hashable {
        let digest: Digest
        let location: StoreLocation
    }

    private enum Listing {
        case underWay
        case tags(Set<Tag>)
        case failed(CopyError)
    }

    private let subjects = AsyncCondition<Set<Subject>>([])
    private let listings = AsyncCondition<[StoreLocation: Listing]>([:])

    /// Whether the caller is the first to look after a subject at a target.
    func claim(_ digest: Digest, at location: StoreLocation) async throws -> Bool {
        try await subjects.take { $0.insert(Subject(digest: digest, location: location)).inserted }
    }

    /// Returns the tags of a store that speak of digests; they are listed once in a run.
    ///
    /// - Throws: ``CopyError``, the same for all who ask, or `CancellationError`.
    func digestTags(of source: any ContentSource) async throws -> Set<Tag> {
        let location = source.location
        let known: Listing? = try await listings.take { listings in
            switch listings[location] {
            case .underWay: return nil
            case let known?: return .some(known)
            case nil:
                listings[location] = .underWay
                return .some(nil)
            }
        }
        switch known {
        case .tags(let tags): return tags
        case .failed(let error): throw error
        case .underWay, nil: break
        }
        do {
            let tags = try await at(.source, location) {
                Set(try await source.tags().filter(DigestTag.isOne))
            }
            listings.change { $0[location] = .tags(tags) }
            return tags
        } catch {
            // A request that a cancelled task gave up on says nothing about the registry.
            let failure = Task.isCancelled ? nil : error as? CopyError
            listings.change { $0[location] = failure.map(Listing.failed) }
            throw error
        }
    }
}
