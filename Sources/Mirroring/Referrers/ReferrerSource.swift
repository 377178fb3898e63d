// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import OCI

/// A source of referrers that sends each request once in a run.
struct ReferrerSource: Sendable {
    let store: any ContentSource
    let tracker: ReferrerTracker
    /// The maximum number of referrers that are read.
    ///
    /// One more is kept, to report that there are more.
    let maximumCount: Int

    /// The limits for one referrer: a signature has one manifest, an index of attestations a few.
    private static let limits = {
        var limits = ManifestGraph.Limits()
        limits.count = 50
        return limits
    }()

    /// Returns the manifests that the source lists as referrers of a subject: by the referrers API,
    /// else by the index under the referrers tag.
    func list(of subject: Digest) async throws -> [Descriptor] {
        let key = ReferrerTracker.Subject(digest: subject, location: store.location)
        return try await tracker.listings.value(for: key) {
            try await attributingErrors(to: .source, at: store.location) {
                var seen: Set<Digest> = []
                let listed = try await readList(of: subject)
                    .filter { seen.insert($0.digest).inserted }
                return Array(listed.prefix(maximumCount + 1))
            }
        }
    }

    /// The tag may list referrers although the API fails; the failure is reported if it does not.
    private func readList(of subject: Digest) async throws -> [Descriptor] {
        do {
            if let listed = try await store.referrers(of: subject) { return listed }
        } catch let error as any ContentFailure {
            let tagged = try await readTag(of: subject)
            guard tagged.isEmpty else { return tagged }
            throw error
        }
        return try await readTag(of: subject)
    }

    /// Returns the entries of the index under the referrers tag.
    private func readTag(of subject: Digest) async throws -> [Descriptor] {
        let tag = try subject.referrersTag()
        guard try await digestTags().contains(tag),
            let descriptor = try await store.resolve(.tag(tag)), descriptor.mediaType.isIndex,
            case .index(let index) = try await store.fetch(manifest: descriptor).decoded()
        else { return [] }
        return index.manifests
    }

    /// Returns the cosign tags of a subject that the source has.
    func cosignTags(of subject: Digest) async throws -> [Tag] {
        let known = try await digestTags()
        return try subject.cosignTags().filter { known.contains($0) }
    }

    private func digestTags() async throws -> Set<Tag> {
        try await tracker.digestTags.value(for: store.location) {
            try await attributingErrors(to: .source, at: store.location) {
                Set(try await store.tags().filter(\.namesSubject))
            }
        }
    }

    /// Returns the manifest that a tag points to, or `nil` if there is none.
    func resolve(_ tag: Tag) async throws -> Descriptor? { try await store.resolve(.tag(tag)) }

    /// Reads a referrer with everything below it.
    ///
    /// - Throws: A `ContentError` if it does not name the subject.
    func read(_ descriptor: Descriptor, about subject: Digest) async throws -> ManifestGraph {
        let raw = try await store.fetch(manifest: descriptor)
        guard try raw.decoded().subject?.digest == subject else {
            throw ContentError(
                .invalid, "listed as a referrer, but does not name \(subject.short) as its subject")
        }
        return try await ManifestGraph.read(from: raw, in: store, limits: Self.limits)
    }

    /// Reads a manifest that a tag points to, with everything below it.
    func read(_ descriptor: Descriptor) async throws -> ManifestGraph {
        try await ManifestGraph.read(
            from: try await store.fetch(manifest: descriptor), in: store, limits: Self.limits)
    }
}

/// The relation of the content under a cosign tag at a target to the content to be copied.
///
/// cosign adds a layer for each signature, so content with more layers is newer.
/// Signatures that the owner of a mirror added are never removed.
enum SignatureOrder {
    /// The target has nothing that the other content lacks.
    case older
    /// The target has everything that the other content has, and more.
    case newer
    /// Each has layers that the other lacks.
    case diverged
    /// The manifest is missing at the target.
    case missing

    /// The warning about a tag that is not moved because the content has diverged.
    static let divergenceWarning = "the target has different content; not overwritten"

    /// Compares the manifest under a tag of the target with another manifest.
    init(
        of current: Descriptor, in target: any ContentSource, comparedTo manifest: Manifest
    ) async throws {
        let old: RawManifest
        do {
            old = try await target.fetch(manifest: current)
        } catch let error as any ContentFailure where error.failureClass == .missing {
            self = .missing
            return
        }
        let targetLayers = Set(Successors(of: try old.decoded()).blobs.dropLast().map(\.digest))
        let newLayers = Set(Successors(of: manifest).blobs.dropLast().map(\.digest))
        self =
            targetLayers.isSubset(of: newLayers)
            ? .older : newLayers.isSubset(of: targetLayers) ? .newer : .diverged
    }
}
