// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import Hashing
internal import OCI

/// The manifests and small blobs of a run, each read once although several images share it.
///
/// Tags of one repository often share platform manifests or point to the same index, and several
/// repositories have the same config. The most recent content is kept, up to a number of bytes.
final class ContentCache: Sendable {
    fileprivate enum Key: Hashable, Sendable {
        /// A manifest of one repository, read with the media type that its parent states.
        case manifest(Digest, MediaType, in: StoreLocation)
        /// A blob of any repository; the size is part of the key because a descriptor may be wrong.
        case blob(Digest, size: Int)
    }

    private struct Contents {
        var bytes: [Key: [UInt8]] = [:]
        /// The keys, the oldest first.
        var order: [Key] = []
        var byteCount = 0
    }

    private let byteLimit: Int
    private let contents = Mutex(Contents())
    /// The reads that several tasks wait for, with the location of each.
    private let reads = SingleFlight<
        Key, (location: StoreLocation, bytes: Result<[UInt8], any Error>)
    >()

    /// Creates an empty cache.
    ///
    /// - Parameter byteLimit: The maximum number of bytes that are kept.
    init(byteLimit: Int = 8 << 20) {
        self.byteLimit = byteLimit
    }

    /// Returns a fetcher that reads manifests and small blobs of a source through the cache.
    func caching(_ source: any ContentSource) -> some ContentFetcher {
        CachingFetcher(source: source, cache: self)
    }

    /// Returns cached bytes, those that another task reads, or those that `read` returns.
    ///
    /// - Parameters:
    ///   - key: The content.
    ///   - location: The location that `read` reads from.
    ///   - read: Reads the content.
    /// - Returns: The bytes.
    /// - Throws: The error of `read`, never that of another location.
    fileprivate func bytes(
        for key: Key, at location: StoreLocation,
        read: @escaping @Sendable () async throws -> [UInt8]
    ) async throws -> [UInt8] {
        if let known = contents.withLock({ $0.bytes[key] }) { return known }
        let result = try await reads.value(for: key) { [self] in
            do {
                let bytes = try await read()
                keep(bytes, for: key)
                return (location, .success(bytes))
            } catch let error as CancellationError {
                throw error
            } catch {
                return (location, .failure(error))
            }
        }
        // The failure of another location says nothing about this one.
        if case .failure = result.bytes, result.location != location { return try await read() }
        return try result.bytes.get()
    }

    private func keep(_ bytes: [UInt8], for key: Key) {
        contents.withLock { contents in
            guard contents.bytes.updateValue(bytes, forKey: key) == nil else { return }
            contents.order.append(key)
            contents.byteCount += bytes.count
            while contents.byteCount > byteLimit, !contents.order.isEmpty {
                let oldest = contents.order.removeFirst()
                contents.byteCount -= contents.bytes.removeValue(forKey: oldest)?.count ?? 0
            }
        }
    }
}

/// Reads manifests and small blobs of a source through a cache.
private struct CachingFetcher: ContentFetcher {
    let source: any ContentSource
    let cache: ContentCache

    func fetch(manifest descriptor: Descriptor) async throws -> RawManifest {
        let key = ContentCache.Key.manifest(
            descriptor.digest, descriptor.mediaType, in: source.location)
        let bytes = try await cache.bytes(for: key, at: source.location) { [source] in
            try await source.fetch(manifest: descriptor).bytes
        }
        return try RawManifest(verifyingDigestOf: bytes, hint: descriptor)
    }

    func fetch(blob descriptor: Descriptor) async throws -> ByteStream {
        guard descriptor.isSmall else { return try await source.fetch(blob: descriptor) }
        let bytes = try await cache.bytes(
            for: .blob(descriptor.digest, size: descriptor.size), at: source.location
        ) { [source] in
            try await source.read(blob: descriptor, limit: Descriptor.maximumSmallSize)
        }
        return BytesInMemory(bytes)
    }
}
