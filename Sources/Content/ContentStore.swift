// SPDX-License-Identifier: Apache-2.0

public import OCI

/// Bytes in pieces, read once, at the reader's pace.
public typealias ByteStream = any AsyncSequence<[UInt8], any Error> & Sendable

/// The name under which a store is asked for a manifest.
public enum ManifestName: Hashable, Sendable {
    case tag(Tag)
    case digest(Digest)
}

extension ManifestName: CustomStringConvertible {
    /// The tag's name, or the digest.
    public var description: String {
        switch self {
        case .tag(let tag): tag.name
        case .digest(let digest): digest.description
        }
    }
}

/// Where a store is: a repository of a registry, or a folder with an OCI image layout.
public enum StoreLocation: Hashable, Sendable {
    case repository(Repository)
    case layout(directory: String)
}

extension StoreLocation: CustomStringConvertible {
    /// The repository's name, or `oci:` and the folder.
    public var description: String {
        switch self {
        case .repository(let repository): repository.description
        case .layout(let directory): "oci:\(directory)"
        }
    }
}

/// A place that manifests and blobs can be read from.
public protocol ContentSource: Sendable {
    /// Where this is.
    var location: StoreLocation { get }

    /// Returns what a name stands for now, without reading it; nil where there is no such manifest.
    func resolve(_ name: ManifestName) async throws -> Descriptor?

    /// Reads a manifest and proves it against its descriptor.
    func fetch(manifest descriptor: Descriptor) async throws -> RawManifest

    /// Opens a blob. The stream ends well only if size, digest and end agree with the descriptor.
    func fetch(blob descriptor: Descriptor) async throws -> ByteStream

    /// Whether the blob is here with the size that its descriptor states.
    func exists(blob descriptor: Descriptor) async throws -> Bool

    /// Lists every tag, in the store's own order.
    func tags() async throws -> [Tag]

    /// Lists the manifests that name another one as their subject; nil where the store keeps no such
    /// list, and tags stand in for it.
    ///
    /// What the entries say is the store's word: only the manifests themselves prove it.
    ///
    /// Source: distribution-spec § Listing Referrers.
    func referrers(of subject: Digest) async throws -> [Descriptor]?
}

extension ContentSource {
    /// No list is kept.
    public func referrers(of subject: Digest) async throws -> [Descriptor]? { nil }
}

/// How a blob came to be at a target.
public enum BlobPushResult: Hashable, Sendable {
    /// Its bytes were sent.
    case uploaded
    /// The registry took it from another of its repositories.
    case mounted
    /// It was there already.
    case present
}

/// What became of a manifest that was written.
public struct ManifestPushResult: Hashable, Sendable {
    /// Whether the store now lists it among the referrers of its subject.
    ///
    /// Source: distribution-spec § Pushing Manifests with Subject.
    public let isListed: Bool

    /// Notes what a store said.
    public init(isListed: Bool) { self.isListed = isListed }
}

/// A place that manifests and blobs can be written to.
public protocol ContentSink: Sendable {
    /// Whether a blob that is pushed with the store itself as its sibling is looked for first, at no
    /// further cost.
    var mountReportsExistence: Bool { get }

    /// A Boolean value that indicates whether a blob that is expected to be present should be pushed
    /// first: only such a blob shows how the store reports what it has.
    var needsExpectedBlob: Bool { get }

    /// Writes a blob.
    ///
    /// - Parameters:
    ///   - descriptor: what is written.
    ///   - sibling: another repository of the same registry that holds the blob; a store that
    ///     can take it from there does, and a failed attempt is no failure. The store itself, where it
    ///     ``mountReportsExistence``: then nothing is sent that is there. Nil: the bytes are sent whatever is there.
    ///   - open: opens the bytes from the start, once for each attempt. The stream must be one that
    ///     proves its bytes, so that a target which checks nothing is never sent the last of bad ones.
    /// - Returns: how the blob came to be there.
    /// - Throws: a ``ContentFailure``, or what `open` or its stream threw.
    func push(
        blob descriptor: Descriptor, mountingFrom sibling: StoreLocation?,
        open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobPushResult

    /// Writes a blob that is expected to be present, which is found out first.
    ///
    /// - Parameters:
    ///   - descriptor: what is written.
    ///   - sibling: another repository of the same registry that holds the blob.
    ///   - open: opens the bytes from the start, once for each attempt.
    /// - Returns: how the blob came to be there.
    /// - Throws: a ``ContentFailure``, or what `open` or its stream threw.
    func push(
        expected descriptor: Descriptor, mountingFrom sibling: StoreLocation?,
        open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobPushResult

    /// Writes a manifest under its digest or under a tag, byte for byte.
    ///
    /// - Returns: what the store says of it beside having taken it.
    /// - Throws: an error of the class `integrity` where the store says that it keeps another digest.
    @discardableResult
    func push(manifest: RawManifest, as name: ManifestName) async throws -> ManifestPushResult

    /// Removes a tag, or a manifest with all its tags.
    ///
    /// - Throws: a ``ContentFailure``, of the class `invalid` where the store does not do this.
    func delete(_ name: ManifestName) async throws

    /// Returns what a name stands for now, for one who is about to write it.
    ///
    /// Nil also where the store does not tell what is there, or whether anything is: then the write
    /// shows whether it may be written.
    func standing(of name: ManifestName) async throws -> Descriptor?

    /// Whether a manifest that has just been written can be read by those who have no credentials.
    ///
    /// Nil where everybody writes without any, or where it could not be found out.
    func isPublic(_ digest: Digest) async -> Bool?
}

extension ContentSink {
    /// A look costs nothing in a folder or in memory.
    public var mountReportsExistence: Bool { false }

    /// Nothing has to be learned about a folder or memory.
    public var needsExpectedBlob: Bool { false }

    /// Nothing is removed.
    public func delete(_ name: ManifestName) async throws {
        throw ContentError(.invalid, "nothing is deleted there")
    }
}

extension ContentSink where Self: ContentSource {
    /// Looks for the blob first.
    public func push(
        expected descriptor: Descriptor, mountingFrom sibling: StoreLocation?,
        open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobPushResult {
        if try await exists(blob: descriptor) { return .present }
        return try await push(blob: descriptor, mountingFrom: sibling, open: open)
    }

    /// The same as for any reader.
    public func standing(of name: ManifestName) async throws -> Descriptor? {
        try await resolve(name)
    }

    /// Nobody needs credentials.
    public func isPublic(_ digest: Digest) async -> Bool? { nil }
}

/// A place that content can be read from and written to.
public typealias ContentStore = ContentSource & ContentSink
