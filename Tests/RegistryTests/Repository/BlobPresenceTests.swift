// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import RegistryTestSupport
import Testing

@testable import Registry

/// The method by which a client learns whether mounts report existing blobs.
@Suite(.timeLimit(.minutes(10))) struct `Blobs that are expected to be present` {
    static let blob = Sample.blob
    static let uploads = "https://reg.test/v2/app/blobs/uploads/"
    static let ownMount = "POST \(uploads)?mount=\(blob.digest)&from=app"
    static let mount = "POST \(uploads)?mount=\(blob.digest)&from=base"
    static let session = ScriptedResponse(202, ["Location": "/v2/app/blobs/uploads/1?_state=a%2Bb"])
    static let cancel = "DELETE \(uploads)1?_state=a%2Bb"
    static let commit = "PUT \(uploads)1?_state=a%2Bb&digest=\(blob.digest)"
    static let post = "POST \(uploads)"
    static let head = "HEAD https://reg.test/v2/app/blobs/\(blob.digest)"

    private func pushLikely(_ repository: RemoteRepository) async throws -> BlobPushResult {
        try await repository.push(
            blob: Self.blob.descriptor, expecting: .likely, mountingFrom: nil, open: Self.blob.open)
    }

    private func pushUnknown(_ repository: RemoteRepository) async throws -> BlobPushResult {
        try await repository.push(
            blob: Self.blob.descriptor, expecting: .unknown, mountingFrom: nil, open: Self.blob.open
        )
    }

    @Test func `cost one mount if mounts report them`() async throws {
        let scene = try Scene([
            Exchange(Self.ownMount, ScriptedResponse(201)), Exchange(Self.ownMount, Self.session),
            Exchange(Self.commit, ScriptedResponse(201)),
        ])
        let repository = try scene.repository()
        #expect(repository.needsLikelyBlob)
        #expect(try await pushLikely(repository) == .present)
        #expect(!repository.needsLikelyBlob && repository.client.presence.usesMounts)
        // From now on a session means that the blob is missing.
        #expect(try await pushLikely(repository) == .uploaded)
        scene.wire.expectDone()
    }

    @Test func `are found before a push where mounts do not report them`() async throws {
        let scene = try Scene([
            Exchange(Self.ownMount, ScriptedResponse(403)),
            Exchange(Self.head, ScriptedResponse(200)), Exchange(Self.head, ScriptedResponse(404)),
        ])
        let repository = try scene.repository()
        #expect(try await repository.existsBeforePush(blob: Self.blob.descriptor) == nil)
        #expect(try await pushLikely(repository) == .present)
        #expect(try await repository.existsBeforePush(blob: Self.blob.descriptor) == false)
        scene.wire.expectDone()
    }

    // The cancellation is optional: not every registry supports it.
    @Test(arguments: [204, 405, 500])
    func `are found by HEAD if every mount starts an upload`(cancelled: Int) async throws {
        let scene = try Scene([
            Exchange(Self.ownMount, Self.session), Exchange(Self.head, ScriptedResponse(200)),
            Exchange(Self.cancel, ScriptedResponse(cancelled)),
            Exchange(Self.head, ScriptedResponse(200)),
            Exchange(Self.head, ScriptedResponse(404)), Exchange(Self.post, Self.session),
            Exchange(Self.commit, ScriptedResponse(201)),
        ])
        let repository = try scene.repository()
        #expect(try await pushLikely(repository) == .present)
        #expect(!repository.needsLikelyBlob && !repository.client.presence.usesMounts)
        // A push that was planned before checks first, too.
        #expect(try await pushUnknown(repository) == .present)
        #expect(try await pushUnknown(repository) == .uploaded)
        scene.wire.expectDone()
        #expect(scene.time.waits.isEmpty)
    }

    @Test func `that are missing are sent in the session of the mount, without a conclusion`()
        async throws
    {
        let scene = try Scene([
            Exchange(Self.ownMount, Self.session), Exchange(Self.head, ScriptedResponse(404)),
            Exchange(Self.commit, ScriptedResponse(201)),
        ])
        let repository = try scene.repository()
        #expect(try await pushLikely(repository) == .uploaded)
        #expect(repository.needsLikelyBlob)
        scene.wire.expectDone()
    }

    @Test(arguments: [400, 401, 403, 404, 405, 500, 503])
    func `are checked by HEAD at once if the mount is rejected`(status: Int) async throws {
        let scene = try Scene([
            Exchange(Self.ownMount, ScriptedResponse(status)),
            Exchange(Self.head, ScriptedResponse(200)),
        ])
        let repository = try scene.repository()
        #expect(try await pushLikely(repository) == .present)
        #expect(!repository.client.presence.usesMounts)
        scene.wire.expectDone()
        #expect(scene.time.waits.isEmpty)
    }

    @Test func `are mounted after the Retry-After of a registry`() async throws {
        let scene = try Scene([
            Exchange(Self.ownMount, ScriptedResponse(429, ["Retry-After": "7"])),
            Exchange(Self.ownMount, ScriptedResponse(201)),
        ])
        #expect(try await pushLikely(try scene.repository()) == .present)
        #expect(scene.time.waits.contains { $0 >= .seconds(7) })
    }

    @Test(
        arguments: [
            ["Docker-Content-Digest": "\(Sample("x").digest)"],
            ["Location": "/v2/app/blobs/\(Sample("x").digest)"],
        ] as [HTTPFields])
    func `are rejected if the response names another blob`(fields: HTTPFields) async throws {
        let scene = try Scene([
            Exchange(Self.ownMount, ScriptedResponse(201, fields)),
            Exchange(Self.head, ScriptedResponse(404)),
            Exchange(Self.post, Self.session), Exchange(Self.commit, ScriptedResponse(201)),
        ])
        #expect(try await pushLikely(try scene.repository()) == .uploaded)
        scene.wire.expectDone()
    }

    @Test func `are missing if a HEAD states another digest`() async throws {
        let fields: HTTPFields = ["Docker-Content-Digest": "\(Sample("x").digest)"]
        let scene = try Scene([Exchange(Self.head, ScriptedResponse(200, fields))])
        #expect(try await !scene.repository().exists(blob: Self.blob.descriptor))
    }

    // A restart of the server during one mount must not cost the bytes of all other layers.
    @Test func `are mounted from a sibling again after a temporary failure`() async throws {
        let scene = try Scene([
            Exchange(Self.mount, ScriptedResponse(503)), Exchange(Self.post, Self.session),
            Exchange(Self.commit, ScriptedResponse(201)),
            Exchange(Self.mount, ScriptedResponse(201)),
        ])
        let repository = try scene.repository()
        let sibling = try scene.repository("reg.test/base").location
        for expected in [BlobPushResult.uploaded, .mounted] {
            let arrival = try await repository.push(
                blob: Self.blob.descriptor, expecting: .absent, mountingFrom: sibling,
                open: Self.blob.open)
            #expect(arrival == expected)
        }
        scene.wire.expectDone()
        #expect(scene.time.waits.isEmpty)
    }

    @Test(arguments: [true, false])
    func `probe a registry once, even if many are pushed concurrently`(mounts: Bool)
        async throws
    {
        var traits = RegistryTraits()
        traits.mountsBlobs = mounts
        let registry = LoopbackRegistry(traits)
        let images = (0..<6).map { ImageBuilder().image(layers: [.random(size: 99, seed: $0)]) }
        let scene = try RealScene(registry.host)
        for (number, image) in images.enumerated() {
            registry.publish(image, repository: "app\(number)", tag: "1")
        }
        try await withThrowingTaskGroup(of: BlobPushResult.self) { group in
            for (number, image) in images.enumerated() {
                let name = try registry.repository("app\(number)")
                let repository = try scene.network.repository(name)
                for (digest, bytes) in image.blobs {
                    let blob = Descriptor(
                        mediaType: .octetStream, digest: digest, size: bytes.count)
                    group.addTask {
                        try await repository.push(blob: blob, expecting: .likely, mountingFrom: nil)
                        {
                            VerifiedStream(BytesInMemory(bytes), verifying: blob)
                        }
                    }
                }
            }
            for try await arrival in group { #expect(arrival == .present) }
        }
        let blobs = images.reduce(0) { $0 + $1.blobs.count }
        let expected: [RequestClass: Int] =
            mounts ? [.mount: blobs] : [.mount: 1, .uploadCancel: 1, .blobHead: blobs]
        #expect(registry.requests.tally == expected)
        #expect(registry.openUploads == 0)
    }

    @Test func `are pushed if the push that probes is canceled`() async throws {
        let registry = LoopbackRegistry()
        let image = ImageBuilder().image(layers: [.random(size: 99, seed: 1)])
        registry.publish(image, repository: "app", tag: "1")
        let gate = Gate()
        registry.inject(.on(.post, "/blobs/uploads/", hits: 1...1, .stall(gate)))
        let scene = try RealScene(registry.host)
        let repository = try scene.network.repository(registry.repository("app"))
        let (digest, bytes) = try #require(image.blobs.first)
        let blob = Descriptor(mediaType: .octetStream, digest: digest, size: bytes.count)
        func push() -> Task<BlobPushResult, any Error> {
            Task {
                try await repository.push(blob: blob, expecting: .likely, mountingFrom: nil) {
                    VerifiedStream(BytesInMemory(bytes), verifying: blob)
                }
            }
        }
        let first = push()
        await registry.waitForRequests(RequestPattern(.post))
        let second = push()
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        #expect(try await second.value == .present)
        #expect(repository.client.presence.usesMounts)
        gate.open()
    }
}
