// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Hashing
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
        tag = try subject.referrersTag()
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

/// The index that lists referrers under a tag, at a registry without the referrers API.
///
/// The index is merged, not replaced: entries of other clients are kept, including unknown fields.
///
/// Source: distribution-spec § Referrers Tag Schema.
struct ReferrerIndex {
    private var members: [JSONValue.Member]
    private var entries: [JSONValue]
    /// The digests that are listed.
    private(set) var digests: Set<Digest>

    /// Creates an empty index.
    init() {
        members = [
            .init("schemaVersion", 2), .init("mediaType", .string(MediaType.ociIndex.name)),
        ]
        entries = []
        digests = []
    }

    /// Parses an existing index.
    ///
    /// - Throws: `JSONError` if the manifest is not an index, so the tag was not written by a
    ///   client of the referrers tag schema.
    init(_ manifest: RawManifest) throws(JSONError) {
        guard case .index(let index) = try manifest.decoded(),
            case .object(let all) = try JSONValue(parsing: manifest.bytes)
        else { throw JSONError(location: "", reason: "is not an index") }
        members = all.filter { $0.name != "manifests" }
        entries = []
        for member in all where member.name == "manifests" {
            if case .array(let values) = member.value { entries = values }
        }
        digests = Set(index.manifests.map(\.digest))
    }

    /// Adds a referrer, unless it is listed already.
    ///
    /// The artifact type and the annotations are those of the manifest, because clients filter by
    /// them without reading it.
    mutating func add(_ referrer: ManifestGraph.Node) {
        guard digests.insert(referrer.descriptor.digest).inserted else { return }
        var entry: [JSONValue.Member] = [
            .init("mediaType", .string(referrer.descriptor.mediaType.name)),
            .init("digest", .string(referrer.descriptor.digest.description)),
            .init("size", .integer(referrer.descriptor.size)),
        ]
        if let type = referrer.manifest.artifactType {
            entry.append(.init("artifactType", .string(type.name)))
        }
        let annotations = referrer.manifest.annotations.sorted { $0.key < $1.key }
        if !annotations.isEmpty {
            entry.append(
                .init(
                    "annotations",
                    .object(annotations.map { .init($0.key, .string($0.value)) })))
        }
        entries.append(.object(entry))
    }

    /// Removes a referrer that the target has lost.
    mutating func remove(_ digest: Digest) {
        digests.remove(digest)
        let member = JSONValue.Member("digest", .string(digest.description))
        entries.removeAll { entry in
            if case .object(let members) = entry { members.contains(member) } else { false }
        }
    }

    /// Returns a Boolean value that indicates whether a digest is listed.
    func lists(_ digest: Digest) -> Bool { digests.contains(digest) }

    /// The index as a manifest.
    var manifest: RawManifest {
        let json = JSONValue.object(members + [.init("manifests", .array(entries))])
        return RawManifest(describing: Array(json.compactText.utf8), as: .ociIndex)
    }
}
