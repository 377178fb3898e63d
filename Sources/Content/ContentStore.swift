// SPDX-License-Identifier: Apache-2.0

public import OCI

/// Bytes in chunks, read once, at the pace of the reader.
public typealias ByteStream = any AsyncSequence<[UInt8], any Error> & Sendable

/// The tag or digest of a manifest.
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

/// The location of a store: a repository of a registry, or a directory with an OCI image layout.
public enum StoreLocation: Hashable, Sendable {
    case repository(Repository)
    case layout(directory: String)
}

extension StoreLocation {
    /// A Boolean value that indicates whether this is an OCI image layout.
    public var isLayout: Bool {
        if case .layout = self { true } else { false }
    }
}

extension StoreLocation: CustomStringConvertible {
    /// The repository's name, or `oci:` and the directory.
    public var description: String {
        switch self {
        case .repository(let repository): repository.description
        case .layout(let directory): "oci:\(directory)"
        }
    }
}

/// Reads manifests and blobs by digest.
public protocol ContentFetcher: Sendable {
    /// Reads a manifest and verifies its digest.
    ///
    /// The size of the descriptor is only a hint, because headers and lists may be wrong; the result
    /// has the correct one.
    func fetch(manifest descriptor: Descriptor) async throws -> RawManifest

    /// Opens a blob.
    ///
    /// The stream ends without an error only if size, digest and end agree with the descriptor.
    func fetch(blob descriptor: Descriptor) async throws -> ByteStream
}

/// The permission to transfer the body of a large blob to or from a store.
///
/// It ends when it is released, at the latest with its last reference.
///
/// To avoid a deadlock, a task takes its permits in one order: first those for writing, sorted by
/// store, then at most one for reading.
public protocol TransferPermit: AnyObject, Sendable {
    /// Records that the transfer waits for no other permit, so that its throughput is measured.
    func start()

    /// Records that the source of the transfer has responded.
    func respond()

    /// Ends the permit; later calls do nothing.
    func release()
}

/// A store that manifests and blobs can be read from.
public protocol ContentSource: ContentFetcher {
    /// The location of the store.
    var location: StoreLocation { get }

    /// Returns the descriptor that a name currently resolves to, without reading the manifest;
    /// `nil` if it does not exist.
    func resolve(_ name: ManifestName) async throws -> Descriptor?

    /// Returns the descriptor that a name resolves to, by reading the manifest.
    ///
    /// It is used if a name should exist although ``resolve(_:)`` returned `nil`, because some
    /// registries respond 404 to HEAD.
    func resolveByReading(_ name: ManifestName) async throws -> Descriptor?

    /// Waits until another large blob may be read.
    ///
    /// - Returns: The permit, which the caller holds until the stream of ``fetch(blob:)`` ends; `nil`
    ///   if the blob needs none.
    /// - Throws: `CancellationError`.
    func permitToRead(_ descriptor: Descriptor) async throws -> (any TransferPermit)?

    /// Opens a blob at an offset, in bytes.
    ///
    /// The stream is not verified, because the digest is that of the whole blob.
    func fetch(blob descriptor: Descriptor, from offset: Int) async throws -> ByteStream

    /// Returns whether the blob exists with the size of its descriptor.
    func exists(blob descriptor: Descriptor) async throws -> Bool

    /// Returns all tags, in the order of the store.
    func tags() async throws -> [Tag]

    /// Returns a description of the store's content for a hint about a missing name, or `nil` if
    /// ``tags()`` is sufficient.
    func contentSummary() async throws -> String?

    /// Returns the manifests whose subject is `subject`, or `nil` if the store does not support the
    /// referrers API and the referrers tag schema is used.
    ///
    /// The entries are claims of the store; only the manifests themselves are verified.
    ///
    /// Source: distribution-spec § Listing Referrers.
    func referrers(of subject: Digest) async throws -> [Descriptor]?
}

extension ContentSource {
    /// Returns `nil`: a store without network access needs no permits.
    public func permitToRead(_ descriptor: Descriptor) async throws -> (any TransferPermit)? { nil }

    /// Resolves the name as ``resolve(_:)`` does.
    public func resolveByReading(_ name: ManifestName) async throws -> Descriptor? {
        try await resolve(name)
    }

    /// Reads the whole blob and drops its beginning.
    public func fetch(
        blob descriptor: Descriptor, from offset: Int
    ) async throws -> ByteStream {
        ByteStreamSuffix(try await fetch(blob: descriptor), from: offset)
    }

    /// Returns `nil`, because ``tags()`` is sufficient.
    public func contentSummary() async throws -> String? { nil }

    /// Returns `nil`, because the store does not support the referrers API.
    public func referrers(of subject: Digest) async throws -> [Descriptor]? { nil }
}

extension Descriptor {
    /// The size in bytes up to which a blob is small: its transfer takes as long as a few requests.
    public static let maximumSmallSize = 256 << 10

    /// A Boolean value that indicates whether the blob is small, so that it is sent from memory and
    /// needs no transfer permits.
    public var isSmall: Bool { size <= Self.maximumSmallSize }
}

/// The presence of a blob at a target that is expected before the blob is written.
public enum ExpectedPresence: Hashable, Sendable {
    /// Nothing is known: the store checks in the way that costs the least.
    case unknown
    /// The blob is probably present: its check shows how the store reports existing blobs.
    case likely
    /// The blob is assumed to be absent: its bytes are sent without a check.
    case absent
}

/// The way in which a blob arrived at a target.
public enum BlobPushResult: Hashable, Sendable {
    /// The bytes were uploaded.
    case uploaded
    /// The registry mounted it from another of its repositories.
    case mounted
    /// It was already present.
    case present
}

/// The result of writing a manifest.
public struct ManifestPushResult: Hashable, Sendable {
    /// A Boolean value that indicates whether the store lists the manifest among the referrers of
    /// its subject.
    ///
    /// Source: distribution-spec § Pushing Manifests with Subject.
    public let isListed: Bool

    /// Creates a result.
    public init(isListed: Bool) { self.isListed = isListed }
}

/// A store that manifests and blobs can be written to.
public protocol ContentSink: Sendable {
    /// A Boolean value that indicates whether a blob that is probably present should be pushed
    /// first: only such a blob shows how the store reports existing blobs.
    var needsLikelyBlob: Bool { get }

    /// Waits until another large blob may be written.
    ///
    /// - Returns: The permit, which the caller holds until the push ends; `nil` if the blob needs
    ///   none.
    /// - Throws: `CancellationError`.
    func permitToWrite(_ descriptor: Descriptor) async throws -> (any TransferPermit)?

    /// Returns whether a blob exists, or `nil` if a push finds that out without another request.
    func existsBeforePush(blob descriptor: Descriptor) async throws -> Bool?

    /// Writes a blob, unless the store has it.
    ///
    /// - Parameters:
    ///   - descriptor: The descriptor of the blob.
    ///   - presence: The presence that the caller expects, which decides how the store checks.
    ///   - sibling: Another repository of the same registry that has the blob. A store that can
    ///     mount it from there does; a failed mount is not an error.
    ///   - open: Opens the bytes from the start, once for each attempt. The stream must verify its
    ///     bytes, so that a target which verifies nothing never receives a complete corrupt blob.
    /// - Returns: The way in which the blob arrived.
    /// - Throws: A ``ContentFailure``, or the error of `open` or its stream.
    func push(
        blob descriptor: Descriptor, expecting presence: ExpectedPresence,
        mountingFrom sibling: StoreLocation?,
        open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobPushResult

    /// Writes a manifest by digest or tag, byte for byte.
    ///
    /// - Returns: The result, including the store's support of referrers.
    /// - Throws: An error of the class `integrity` if the store reports another digest.
    @discardableResult
    func push(manifest: RawManifest, as name: ManifestName) async throws -> ManifestPushResult

    /// Deletes a tag, or a manifest with all its tags.
    ///
    /// - Throws: A ``ContentFailure``, of the class `invalid` if the store does not support this.
    func delete(_ name: ManifestName) async throws

    /// Returns the descriptor that a name currently resolves to, before writing it.
    ///
    /// `nil` also if the store hides whether it exists: then the write shows whether access is
    /// permitted.
    func currentDescriptor(of name: ManifestName) async throws -> Descriptor?

    /// Returns whether a manifest that was just written can be read without credentials.
    ///
    /// `nil` if writing needs no credentials, or if the result is unknown.
    func isPublic(_ digest: Digest) async -> Bool?
}

extension ContentSink {
    /// Returns `nil`: a store without network access needs no permits.
    public func permitToWrite(_ descriptor: Descriptor) async throws -> (any TransferPermit)? {
        nil
    }

    /// The default, for stores without network access.
    public var needsLikelyBlob: Bool { false }

    /// Throws an error, because deletion is not supported by default.
    public func delete(_ name: ManifestName) async throws {
        throw ContentError(.invalid, "deletion is not supported")
    }
}

extension ContentSink where Self: ContentSource {
    /// Checks for the blob as for any reader.
    public func existsBeforePush(blob descriptor: Descriptor) async throws -> Bool? {
        try await exists(blob: descriptor)
    }

    /// Resolves the name as for any reader.
    public func currentDescriptor(of name: ManifestName) async throws -> Descriptor? {
        try await resolve(name)
    }

    /// Returns `nil`: the store needs no credentials.
    public func isPublic(_ digest: Digest) async -> Bool? { nil }
}

/// A store that can be read and written.
public typealias ContentStore = ContentSource & ContentSink

/// Performs an operation, and repeats it once after a digest mismatch.
///
/// The bytes may have been corrupted in transit. Only a second mismatch means that the stored
/// content is corrupt.
///
/// - Throws: The error of the last call.
public func retryingOnDigestMismatch<Value>(_ operation: () async throws -> Value) async throws
    -> Value
{
    do {
        return try await operation()
    } catch let error as any ContentFailure where error.failureClass == .integrity {
        return try await operation()
    }
}
