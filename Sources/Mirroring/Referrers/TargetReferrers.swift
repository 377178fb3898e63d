// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import StrictJSON

/// The list of a subject's referrers at a target: of the referrers API, or the index under the tag.
///
/// Clients find referrers by this list. The listed manifests may be missing, because a registry's
/// garbage collection may delete them and leave the list.
struct TargetReferrers {
    /// The maximum number of entries of a list from which missing manifests are removed.
    static let maximumCount = 500

    private let tag: Tag
    private let listed: Set<Digest>
    private var index: ReferrerIndex
    private var hasChanged = false

    /// Reads the list.
    ///
    /// - Throws: The target's error, or a `ContentError` if the tag does not list referrers.
    init(of subject: Digest, in target: any ContentStore) async throws {
        tag = try DigestTag.referrersTag(for: subject)
        if let listed = try await target.referrers(of: subject) {
            self.listed = Set(listed.map(\.digest))
            index = ReferrerIndex()
            return
        }
        listed = []
        guard let current = try await target.currentDescriptor(of: .tag(tag)) else {
            index = ReferrerIndex()
            return
        }
        do {
            index = try ReferrerIndex(try await target.fetch(manifest: current))
        } catch let error as JSONError {
            throw ContentError(.invalid, "tag \(tag) is not a referrers index: \(error)")
        }
    }

    /// Returns a Boolean value that indicates whether the target lists a referrer.
    func lists(_ digest: Digest) -> Bool { listed.contains(digest) || index.lists(digest) }

    /// Adds a referrer that the target does not list by itself.
    mutating func add(_ referrer: ManifestGraph.Node) {
        guard !index.lists(referrer.descriptor.digest) else { return }
        index.add(referrer)
        hasChanged = true
    }

    /// Writes the index if it has changed.
    ///
    /// Registries reject an index that names missing manifests; such entries are removed.
    mutating func write(to target: any ContentStore) async throws {
        guard hasChanged else { return }
        do {
            try await target.push(manifest: index.manifest, as: .tag(tag))
        } catch let error as any ContentFailure where error.failureClass == .incomplete {
            guard index.digests.count <= Self.maximumCount else { throw error }
            for digest in index.digests.sorted()
            where try await target.resolve(.digest(digest)) == nil { index.remove(digest) }
            try await target.push(manifest: index.manifest, as: .tag(tag))
        }
        hasChanged = false
    }
}
