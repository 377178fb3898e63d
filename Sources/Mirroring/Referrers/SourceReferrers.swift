// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import OCI

/// The lists of referrers at sources, each read once in a run.
struct SourceReferrers: Sendable {
    /// The maximum number of referrers of one subject that are read.
    ///
    /// One more is kept, to report that there are more.
    let maximumCount: Int

    private struct Subject: Hashable, Sendable {
        let digest: Digest
        let location: StoreLocation
    }

    /// The referrers that a source lists for a subject.
    private let lists = SingleFlight<Subject, [Descriptor]>(keepsResults: true)
    /// The tags of a source that name subjects.
    private let tags = SingleFlight<StoreLocation, Set<Tag>>(keepsResults: true)

    /// Creates lists of which none is read.
    init(maximumCount: Int) { self.maximumCount = maximumCount }

    /// Returns the manifests that a source lists as referrers of a subject: by the referrers API,
    /// else by the index under the referrers tag.
    func list(of subject: Digest, in source: any ContentSource) async throws -> [Descriptor] {
        let key = Subject(digest: subject, location: source.location)
        return try await lists.value(for: key) {
            try await attributingErrors(to: .source, at: source.location) {
                var seen: Set<Digest> = []
                let listed = try await readList(of: subject, in: source)
                    .filter { seen.insert($0.digest).inserted }
                return Array(listed.prefix(maximumCount + 1))
            }
        }
    }

    /// The tag may list referrers although the API fails; the failure is reported if it does not.
    private func readList(
        of subject: Digest, in source: any ContentSource
    ) async throws -> [Descriptor] {
        do {
            if let listed = try await source.referrers(of: subject) { return listed }
        } catch let error as any ContentFailure {
            let tagged = try await readTag(of: subject, in: source)
            guard tagged.isEmpty else { return tagged }
            throw error
        }
        return try await readTag(of: subject, in: source)
    }

    /// Returns the entries of the index under the referrers tag.
    private func readTag(
        of subject: Digest, in source: any ContentSource
    ) async throws -> [Descriptor] {
        let tag = try subject.referrersTag()
        guard try await tags(in: source).contains(tag),
            let descriptor = try await source.resolve(.tag(tag)), descriptor.mediaType.isIndex,
            case .index(let index) = try await source.fetch(manifest: descriptor).decoded()
        else { return [] }
        return index.manifests
    }

    /// Returns the cosign tags of a subject that a source has.
    func cosignTags(of subject: Digest, in source: any ContentSource) async throws -> [Tag] {
        let known = try await tags(in: source)
        return try subject.cosignTags().filter { known.contains($0) }
    }

    private func tags(in source: any ContentSource) async throws -> Set<Tag> {
        try await tags.value(for: source.location) {
            try await attributingErrors(to: .source, at: source.location) {
                Set(try await source.tags().filter(\.namesSubject))
            }
        }
    }
}

extension ContentSource {
    /// Reads a referrer with everything below it.
    ///
    /// - Parameters:
    ///   - descriptor: The descriptor of the referrer.
    ///   - subject: The subject that the manifest must name; `nil` for the manifest of a cosign tag.
    /// - Returns: The manifests of the referrer.
    /// - Throws: A `ContentError` if it does not name the subject.
    func read(
        referrer descriptor: Descriptor, naming subject: Digest?
    ) async throws -> ManifestGraph {
        let raw = try await fetch(manifest: descriptor)
        if let subject, try raw.decoded().subject?.digest != subject {
            throw ContentError(
                .invalid, "listed as a referrer, but does not name \(subject.short) as its subject")
        }
        // A signature has one manifest, an index of attestations a few.
        var limits = ManifestGraph.Limits()
        limits.count = 50
        return try await ManifestGraph.read(from: raw, in: self, limits: limits)
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
