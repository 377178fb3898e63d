// SPDX-License-Identifier: Apache-2.0

import Content
import Hashing
import OCI
import AsyncPrimitives
import Testing

@testable import Mirroring

@Suite(.timeLimit(.minutes(10))) struct ContentCacheTests {
    /// A repository with blobs and manifests that counts how often they are read.
    private final class Repository: ContentSource {
        let location: StoreLocation
        private let content: [Digest: [UInt8]]
        private let count = Mutex(0)

        init(_ name: String, _ content: [UInt8]...) throws {
            location = .repository(try OCI.Repository(parsing: name))
            self.content = Dictionary(uniqueKeysWithValues: content.map { (.of($0), $0) })
        }

        var reads: Int { count.withLock { $0 } }

        func resolve(_ name: ManifestName) async throws -> Descriptor? { nil }
        func exists(blob descriptor: Descriptor) async throws -> Bool { false }
        func tags() async throws -> [OCI.Tag] { [] }
        func fetch(manifest descriptor: Descriptor) async throws -> RawManifest {
            try RawManifest(verifyingDigestOf: try read(descriptor.digest), hint: descriptor)
        }
        func fetch(blob descriptor: Descriptor) async throws -> ByteStream {
            VerifiedStream(BytesInMemory(try read(descriptor.digest)), verifying: descriptor)
        }

        private func read(_ digest: Digest) throws -> [UInt8] {
            count.withLock { $0 += 1 }
            guard let bytes = content[digest] else { throw ContentError(.missing, "no content") }
            return bytes
        }
    }

    private func blob(_ bytes: [UInt8]) -> Descriptor {
        Descriptor(mediaType: .octetStream, digest: .of(bytes), size: bytes.count)
    }

    private func read(_ blob: Descriptor, _ source: any ContentFetcher) async throws -> [UInt8] {
        try await source.read(blob: blob, limit: 1 << 30)
    }

    @Test func `reads a small blob of several repositories once`() async throws {
        let bytes: [UInt8] = Array(repeating: 7, count: 1000)
        let repositories = try (0..<3).map { try Repository("a.example/app-\($0)", bytes) }
        let cache = ContentCache()
        for repository in repositories {
            #expect(try await read(blob(bytes), cache.caching(repository)) == bytes)
        }
        #expect(repositories.map(\.reads) == [1, 0, 0])
    }

    @Test func `a failure of one repository is not one of another`() async throws {
        let bytes: [UInt8] = [1, 2, 3]
        let (lacking, having) = (
            try Repository("a.example/lacking"), try Repository("a.example/having", bytes)
        )
        let cache = ContentCache()
        await #expect(throws: ContentError.self) {
            try await read(blob(bytes), cache.caching(lacking))
        }
        #expect(try await read(blob(bytes), cache.caching(having)) == bytes)
    }

    @Test func `does not keep large blobs, nor more bytes than its limit`() async throws {
        let large: [UInt8] = Array(repeating: 1, count: Descriptor.maximumSmallSize + 1)
        let blobs: [[UInt8]] = (0..<3).map { Array(repeating: $0, count: 1000) }
        let repository = try Repository("a.example/app", large, blobs[0], blobs[1], blobs[2])
        let source = ContentCache(byteLimit: 2000).caching(repository)
        for _ in 0..<2 { _ = try await read(blob(large), source) }
        #expect(repository.reads == 2)
        for bytes in blobs + [blobs[2], blobs[1]] { _ = try await read(blob(bytes), source) }
        #expect(repository.reads == 5)
        _ = try await read(blob(blobs[0]), source)
        #expect(repository.reads == 6)
    }

    @Test func `does not return bytes of another size than the descriptor states`() async throws {
        let bytes: [UInt8] = [1, 2, 3]
        let repository = try Repository("a.example/app", bytes)
        let source = ContentCache().caching(repository)
        _ = try await read(blob(bytes), source)
        let wrong = Descriptor(mediaType: .octetStream, digest: .of(bytes), size: 2)
        await #expect(throws: (any Error).self) { try await read(wrong, source) }
    }

    @Test func `reads a manifest that several tags share once per repository`() async throws {
        let bytes = Array("{}".utf8)
        let manifest = Descriptor(
            mediaType: .ociIndex, digest: .of(bytes), size: bytes.count, annotations: ["a": "b"])
        let repositories = try (0..<2).map { try Repository("a.example/app-\($0)", bytes) }
        let cache = ContentCache()
        for repository in repositories + repositories {
            let read = try await cache.caching(repository).fetch(manifest: manifest)
            #expect(read.bytes == bytes)
            #expect(read.descriptor == manifest)
        }
        #expect(repositories.map(\.reads) == [1, 1])
    }

    @Test func `reads a manifest again that is listed with another media type`() async throws {
        let bytes = Array("{}".utf8)
        let repository = try Repository("a.example/app", bytes)
        let source = ContentCache().caching(repository)
        for type in [MediaType.ociIndex, .ociManifest] {
            let read = try await source.fetch(
                manifest: Descriptor(mediaType: type, digest: .of(bytes), size: bytes.count))
            #expect(read.descriptor.mediaType == type)
        }
        #expect(repository.reads == 2)
    }
}
