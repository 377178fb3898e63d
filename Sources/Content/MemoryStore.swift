// SPDX-License-Identifier: Apache-2.0

internal import Hashing
public import OCI
internal import AsyncPrimitives

/// A store in memory, on which the whole pipeline runs without a network.
///
/// Like a registry, it rejects a manifest whose children or blobs are missing, and lists the
/// referrers of a manifest, unless that is disabled.
public final class MemoryStore: ContentStore {
    /// The location that the store reports.
    public let location: StoreLocation

    private struct Contents {
        var manifests: [Digest: RawManifest] = [:]
        var blobs: [Digest: [UInt8]] = [:]
        var tags: [Tag: Digest] = [:]
    }
    private let contents = Mutex(Contents())
    private let listsReferrers: Bool

    /// Creates an empty store.
    public init(at location: StoreLocation, listsReferrers: Bool = true) {
        self.location = location
        self.listsReferrers = listsReferrers
    }

    /// Resolves a name.
    public func resolve(_ name: ManifestName) async throws -> Descriptor? {
        contents.withLock { contents in
            switch name {
            case .tag(let tag): contents.tags[tag].flatMap { contents.manifests[$0] }?.descriptor
            case .digest(let digest): contents.manifests[digest]?.descriptor
            }
        }
    }

    /// Returns a manifest.
    public func fetch(manifest descriptor: Descriptor) async throws -> RawManifest {
        let stored = contents.withLock { $0.manifests[descriptor.digest] }
        guard let stored else { throw missing("manifest", descriptor) }
        return try RawManifest(verifyingDigestOf: stored.bytes, hint: descriptor)
    }

    /// Opens a blob.
    public func fetch(blob descriptor: Descriptor) async throws -> ByteStream {
        let stored = contents.withLock { $0.blobs[descriptor.digest] }
        guard let stored else { throw missing("blob", descriptor) }
        return VerifiedStream(BytesInMemory(stored), verifying: descriptor)
    }

    /// Returns whether the blob exists with its size.
    public func exists(blob descriptor: Descriptor) async throws -> Bool {
        contents.withLock { $0.blobs[descriptor.digest]?.count == descriptor.size }
    }

    /// Returns all tags, sorted.
    public func tags() async throws -> [Tag] {
        contents.withLock { $0.tags.keys.sorted() }
    }

    /// Stores a blob, unless it is present.
    public func push(
        blob descriptor: Descriptor, expecting presence: ExpectedPresence,
        mountingFrom sibling: StoreLocation?,
        open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobPushResult {
        if presence != .absent, try await exists(blob: descriptor) { return .present }
        var bytes: [UInt8] = []
        for try await chunk in VerifiedStream(try await open(), verifying: descriptor) {
            bytes += chunk
        }
        contents.withLock { $0.blobs[descriptor.digest] = bytes }
        return .uploaded
    }

    /// Stores a manifest if everything that it references exists.
    @discardableResult
    public func push(
        manifest: RawManifest, as name: ManifestName
    ) async throws -> ManifestPushResult {
        let decoded = try manifest.decoded()
        let successors = Successors(of: decoded)
        try contents.withLock { contents in
            for child in successors.manifests where contents.manifests[child.digest] == nil {
                throw missing("child manifest", child, as: .incomplete)
            }
            for blob in successors.blobs where contents.blobs[blob.digest] == nil {
                throw missing("blob", blob, as: .incomplete)
            }
            contents.manifests[manifest.descriptor.digest] = manifest
            if case .tag(let tag) = name { contents.tags[tag] = manifest.descriptor.digest }
        }
        return ManifestPushResult(isListed: listsReferrers && decoded.subject != nil)
    }

    /// Returns the manifests whose subject is another one.
    public func referrers(of subject: Digest) async throws -> [Descriptor]? {
        guard listsReferrers else { return nil }
        return contents.withLock { contents in
            contents.manifests.values
                .filter { (try? $0.decoded())?.subject?.digest == subject }
                .map(\.descriptor).sorted { $0.digest < $1.digest }
        }
    }

    /// All digests in the store, for tests that check what was left behind.
    public var digests: Set<Digest> {
        contents.withLock { Set($0.manifests.keys).union($0.blobs.keys) }
    }

    private func missing(
        _ kind: String, _ descriptor: Descriptor, as failureClass: FailureClass = .missing
    ) -> ContentError {
        ContentError(failureClass, "\(kind) \(descriptor.digest.short) is not in \(location)")
    }
}
