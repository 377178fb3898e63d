// SPDX-License-Identifier: Apache-2.0

import Content
import Hashing
import OCI
import RegistryTestSupport
import AsyncPrimitives
import Testing

@Suite(.timeLimit(.minutes(10))) struct EndpointStoreTests {
    /// An endpoint that fails with one class, and counts its requests.
    private final class Faulty: ContentSource {
        let location: StoreLocation
        let failure: FailureClass
        let failsInside: Bool
        private let count = Mutex(0)

        init(_ name: String, _ failure: FailureClass, inside: Bool = false) throws {
            location = .repository(try Repository(parsing: name))
            self.failure = failure
            failsInside = inside
        }

        var asked: Int { count.withLock { $0 } }

        private func fail() -> ContentError { ContentError(failure, "on purpose") }

        func resolve(_ name: ManifestName) async throws -> Descriptor? { throw fail() }
        func exists(blob descriptor: Descriptor) async throws -> Bool { throw fail() }
        func tags() async throws -> [OCI.Tag] { throw fail() }
        func fetch(manifest descriptor: Descriptor) async throws -> RawManifest {
            count.withLock { $0 += 1 }
            throw fail()
        }
        func fetch(blob descriptor: Descriptor) async throws -> ByteStream {
            count.withLock { $0 += 1 }
            guard failsInside else { throw fail() }
            return AsyncThrowingStream<[UInt8], any Error> { stream in
                stream.yield([1])
                stream.finish(throwing: fail())
            }
        }
    }

    private let image = ImageBuilder().multiPlatform()
    private let base: MemoryStore

    init() async throws {
        base = MemoryStore(at: .repository(try Repository(parsing: "registry.test/app")))
        try await image.push(to: base, as: "1.0")
    }

    private func store(_ endpoints: any ContentSource...) -> EndpointStore {
        EndpointStore(base, endpoints: endpoints, health: EndpointHealth())
    }

    /// Reads every blob and manifest once.
    private func readAll(from store: EndpointStore) async throws {
        for (digest, bytes) in image.blobs {
            let blob = Descriptor(mediaType: .octetStream, digest: digest, size: bytes.count)
            #expect(try await store.read(blob: blob, limit: 1 << 20) == bytes)
        }
        for manifest in image.manifests {
            let read = try await store.fetch(manifest: manifest.descriptor)
            #expect(read.bytes == manifest.bytes)
        }
    }

    private var contentCount: Int { image.blobs.count + image.manifests.count }

    @Test func `content is read from an endpoint that has it, without requests to the store`()
        async throws
    {
        let copy = MemoryStore(at: .repository(try Repository(parsing: "cache.test/app")))
        try await image.push(to: copy, as: nil)
        let empty = MemoryStore(at: base.location)
        try await readAll(
            from: EndpointStore(empty, endpoints: [copy], health: EndpointHealth()))
    }

    @Test func `a canceled request does not mark an endpoint as unhealthy`()
        async throws
    {
        let endpoint = try Faulty("cache.test/app", .unavailable)
        let store = store(endpoint)
        let manifest = image.manifests[0].descriptor
        let (cancellation, continuation) = AsyncStream.makeStream(of: Never.self)
        defer { continuation.finish() }
        let task = Task {
            for await _ in cancellation {}
            _ = try? await store.fetch(manifest: manifest)
        }
        task.cancel()
        await task.value
        for _ in 0..<2 { _ = try await store.fetch(manifest: manifest) }
        // The second failure is the endpoint's own, so that it is not requested a third time.
        #expect(endpoint.asked == 2)
    }

    @Test func `tags are resolved by the store, regardless of the endpoints`() async throws {
        let other = ImageBuilder().multiPlatform(seed: 2)
        let stale = MemoryStore(at: .repository(try Repository(parsing: "cache.test/app")))
        try await other.push(to: stale, as: "1.0")
        try await other.push(to: stale, as: "2.0")
        let store = store(stale)
        #expect(try await store.resolve(.tag("1.0"))?.digest == image.digest)
        #expect(try await store.resolve(.tag("2.0")) == nil)
        #expect(try await store.tags().map(\.name) == ["1.0"])
    }

    @Test(arguments: [FailureClass.missing, .integrity, .invalid])
    func `an endpoint that lacks content is used for other content`(failure: FailureClass)
        async throws
    {
        let endpoint = try Faulty("cache.test/app", failure)
        let store = store(endpoint)
        try await readAll(from: store)
        #expect(endpoint.asked == contentCount)
        try await readAll(from: store)
        #expect(endpoint.asked == contentCount)
    }

    @Test(arguments: [FailureClass.unavailable, .denied, .throttled, .quota])
    func `an unavailable endpoint is not used again, in any repository`(
        failure: FailureClass
    ) async throws {
        let first = try Faulty("cache.test/app", failure)
        let second = try Faulty("cache.test/other", failure)
        let health = EndpointHealth()
        try await readAll(from: EndpointStore(base, endpoints: [first], health: health))
        try await readAll(from: EndpointStore(base, endpoints: [second], health: health))
        #expect(first.asked == 1)
        #expect(second.asked == 0)
    }

    @Test func `an interrupted blob is read from another source when opened again`()
        async throws
    {
        let endpoint = try Faulty("cache.test/app", .integrity, inside: true)
        let store = store(endpoint)
        let (digest, bytes) = try #require(image.blobs.first)
        let blob = Descriptor(mediaType: .octetStream, digest: digest, size: bytes.count)
        await #expect(throws: ContentError.self) {
            for try await _ in try await store.fetch(blob: blob) {}
        }
        #expect(try await store.read(blob: blob, limit: 1 << 20) == bytes)
        #expect(endpoint.asked == 1)
    }

    @Test func `a blob that is corrupt at an endpoint is read from another source`() async throws {
        let store = store(try Faulty("cache.test/app", .integrity, inside: true))
        let (digest, bytes) = try #require(image.blobs.first)
        let blob = Descriptor(mediaType: .octetStream, digest: digest, size: bytes.count)
        #expect(try await store.read(blob: blob, limit: 1 << 20) == bytes)
    }

    @Test func `if all endpoints and the store fail, the store's error is thrown`() async throws {
        let store = EndpointStore(
            MemoryStore(at: base.location), endpoints: [try Faulty("cache.test/app", .denied)],
            health: EndpointHealth())
        do {
            _ = try await store.fetch(manifest: image.root.descriptor)
            Issue.record("the manifest is nowhere")
        } catch let error as any ContentFailure {
            #expect(error.failureClass == .missing)
        }
    }
}
