// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import OCI
internal import Synchronization

/// The bytes of small blobs, each read once although several repositories have it.
///
/// The most recent blobs are kept, up to a number of bytes.
final class SmallBlobCache: Sendable {
    private struct Contents {
        var bytes: [Digest: [UInt8]] = [:]
        /// The digests, the oldest first.
        var order: [Digest] = []
        var byteCount = 0
    }

    /// A read that several tasks wait for.
    private struct ReadResult {
        let location: StoreLocation
        let bytes: Result<[UInt8], any Error>
    }

    private let byteLimit: Int
    private let contents = Mutex(Contents())
    private let reads = SingleFlight<Digest, ReadResult>()

    /// Creates an empty cache.
    ///
    /// - Parameter byteLimit: The maximum number of bytes that are kept.
    init(byteLimit: Int = 8 << 20) {
        self.byteLimit = byteLimit
    }

    /// Returns a source whose small blobs are read through the cache.
    func caching(_ source: any ContentSource) -> any ContentSource {
        CachingSource(base: source, cache: self)
    }

    /// Returns the bytes of a blob: kept ones, those that another task reads, or those of `source`.
    ///
    /// - Throws: The error of `source`, never that of another one.
    fileprivate func bytes(
        of blob: Descriptor, in source: any ContentSource
    ) async throws -> [UInt8] {
        if let known = contents.withLock({ $0.bytes[blob.digest] }), known.count == blob.size {
            return known
        }
        let read = try await reads.value(for: blob.digest) { [self] in
            do {
                let bytes = try await source.read(blob: blob, limit: Descriptor.maximumSmallSize)
                keep(bytes, of: blob.digest)
                return ReadResult(location: source.location, bytes: .success(bytes))
            } catch let error as CancellationError {
                throw error
            } catch {
                return ReadResult(location: source.location, bytes: .failure(error))
            }
        }
        if let bytes = try? read.bytes.get(), bytes.count == blob.size { return bytes }
        if read.location == source.location { return try read.bytes.get() }
        // Another source failed, or states another size.
        return try await source.read(blob: blob, limit: Descriptor.maximumSmallSize)
    }

    private func keep(_ bytes: [UInt8], of digest: Digest) {
        contents.withLock { contents in
            guard contents.bytes.updateValue(bytes, forKey: digest) == nil else { return }
            contents.order.append(digest)
            contents.byteCount += bytes.count
            while contents.byteCount > byteLimit, !contents.order.isEmpty {
                let oldest = contents.order.removeFirst()
                contents.byteCount -= contents.bytes.removeValue(forKey: oldest)?.count ?? 0
            }
        }
    }
}

/// A source whose small blobs are read through a cache.
private struct CachingSource: ContentSource {
    let base: any ContentSource
    let cache: SmallBlobCache

    var location: StoreLocation { base.location }

    func resolve(_ name: ManifestName) async throws -> Descriptor? {
        try await base.resolve(name)
    }

    func resolveByReading(_ name: ManifestName) async throws -> Descriptor? {
        try await base.resolveByReading(name)
    }

    func fetch(manifest descriptor: Descriptor) async throws -> RawManifest {
        try await base.fetch(manifest: descriptor)
    }

    func permitToRead(_ descriptor: Descriptor) async throws -> (any TransferPermit)? {
        try await base.permitToRead(descriptor)
    }

    func fetch(blob descriptor: Descriptor) async throws -> ByteStream {
        guard descriptor.isSmall else { return try await base.fetch(blob: descriptor) }
        return BytesInMemory(try await cache.bytes(of: descriptor, in: base))
    }

    func fetch(blob descriptor: Descriptor, from offset: Int) async throws -> ByteStream {
        try await base.fetch(blob: descriptor, from: offset)
    }

    func exists(blob descriptor: Descriptor) async throws -> Bool {
        try await base.exists(blob: descriptor)
    }

    func tags() async throws -> [Tag] { try await base.tags() }

    func contentSummary() async throws -> String? { try await base.contentSummary() }

    func referrers(of subject: Digest) async throws -> [Descriptor]? {
        try await base.referrers(of: subject)
    }
}
