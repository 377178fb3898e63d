// SPDX-License-Identifier: Apache-2.0

import Content
import Lockfiles
import Mirroring
import OCI
import RegistryTestSupport
import Testing
import AsyncPrimitives

@Suite(.timeLimit(.minutes(10))) struct CopyTests {
    private static let builder = ImageBuilder()

    @Test func `G12 the index is pushed last, and by tag only`() async throws {
        var mirror = try Mirror(["a.example/app:1.0"])
        let amd64 = Self.builder.image(.linuxAMD64, layers: [.random(size: 100, seed: 1)])
        let arm64 = Self.builder.image(.linuxARM64, layers: [.random(size: 200, seed: 2)])
        let inner = Self.builder.index([.image(arm64)])
        let image = Self.builder.index([
            .image(amd64), .unlabelled(inner), .attestation(of: amd64),
        ])
        try await mirror.world.publish(image, at: "a.example/app:1.0")

        #expect(try await mirror.sync().statuses == [.mirrored])
        let pushes = mirror.world.takeJournal().map(\.operation).filter(\.isPush)
        let blobs = pushes.prefix(image.blobs.count)
        let pushed = blobs.compactMap { if case .pushBlob(let digest) = $0 { digest } else { nil } }
        #expect(Set(pushed) == Set(image.blobs.keys))
        let tag = ManifestName.tag(try Tag(parsing: "1.0"))
        let manifests = image.manifests.dropLast().map(\.descriptor.digest)
        #expect(
            Set(pushes.dropFirst(blobs.count).dropLast())
                == Set(manifests.map { .pushManifest($0, as: .digest($0)) }))
        #expect(pushes.last == .pushManifest(image.digest, as: tag))
        let position = { (digest: Digest) in
            pushes.firstIndex(of: .pushManifest(digest, as: .digest(digest))) ?? 0
        }
        #expect(position(arm64.digest) < position(inner.digest))
        #expect(pushes.count == image.blobs.count + image.manifests.count)
    }

    @Test(arguments: JSONSpelling.allCases, ImageBuilder.Dialect.allCases)
    func `manifests and blobs arrive byte for byte`(
        _ spelling: JSONSpelling, _ dialect: ImageBuilder.Dialect
    ) async throws {
        var mirror = try Mirror(["a.example/app:1.0"])
        let image = ImageBuilder(dialect, spelling: spelling).multiPlatform()
        try await mirror.world.publish(image, at: "a.example/app:1.0")
        try await mirror.sync()
        let target = try mirror.world.store("mirror.example/m/app").memory
        for manifest in image.manifests {
            let arrived = try await target.fetch(manifest: manifest.descriptor)
            #expect(arrived.bytes == manifest.bytes)
        }
        #expect(target.digests == image.digests)
        #expect(try mirror.entry("app").mediaType == image.root.descriptor.mediaType)
        #expect(try mirror.entry("app").size == image.root.bytes.count)
    }

    @Test func `nothing of a rejected image is pushed, and other images are mirrored`() async throws
    {
        var mirror = try Mirror(["a.example/bad:1.0", "a.example/good:1.0", "a.example/gone:1.0"])
        let bad = Self.builder.index([.image(Self.builder.image(layers: []))])
        try await mirror.world.publish(bad, at: "a.example/bad:1.0")
        try await mirror.world.publish(Self.builder.multiPlatform(), at: "a.example/good:1.0")
        let run = try await mirror.sync()
        #expect(run.statuses == [.rejected, .mirrored, .missing])
        let good = try mirror.world.store("mirror.example/m/good").location
        let pushes = mirror.world.takeJournal().filter(\.operation.isPush)
        #expect(pushes.allSatisfy { $0.location == good })
        #expect(try mirror.lock().images.keys.sorted() == ["good"])
    }

    @Test func `a layer of two images is uploaded once and mounted into the second repository`()
        async throws
    {
        var mirror = try Mirror(["a.example/app:1.0", "b.example/tool:1.0"])
        let shared = Layer.random(size: 1000, seed: 7)
        for (name, seed) in [("a.example/app:1.0", 1), ("b.example/tool:1.0", 2)] {
            let own = Layer.random(size: 10, seed: UInt64(seed))
            try await mirror.world.publish(
                Self.builder.index(
                    [Platform.linuxAMD64, .linuxARM64].map {
                        .image(Self.builder.image($0, layers: [shared, own]))
                    }), at: name)
        }
        // Both images need the layer before either has it.
        let run = try await mirror.sync()
        #expect(run.statuses == [.mirrored, .mirrored])
        let journal = mirror.world.takeJournal()
        #expect(journal.count { $0.operation == .fetchBlob(shared.digest) } == 1)
        #expect(journal.count { $0.operation == .pushBlob(shared.digest) } == 1)
        let mounts = journal.compactMap { event -> [StoreLocation]? in
            guard case .mounted(shared.digest, let sibling) = event.operation else { return nil }
            return [event.location, sibling]
        }
        #expect(mounts.count == 1)
        let repositories = try ["app", "tool"].map {
            try mirror.world.store("mirror.example/m/\($0)").location
        }
        #expect(Set(mounts[0]) == Set(repositories))
        #expect(
            run.report.outcomes.flatMap(\.targets).compactMap(\.receipt?.blobsMounted).max() == 1)
    }

    @Test func `a layer is uploaded again if the upload by another image fails`() async throws {
        var mirror = try Mirror(["a.example/app:1.0", "b.example/tool:1.0"])
        let shared = Layer.random(size: 1000, seed: 7)
        for name in ["a.example/app:1.0", "b.example/tool:1.0"] {
            try await mirror.world.publish(
                Self.builder.index(
                    [Platform.linuxAMD64, .linuxARM64].map {
                        .image(Self.builder.image($0, layers: [shared]))
                    }, annotations: ["name": name]), at: name)
        }
        let app = try mirror.world.store("mirror.example/m/app").location
        let upstream = try mirror.world.store("b.example/tool").location
        let tool = try mirror.world.store("mirror.example/m/tool").location
        // The second image starts during the upload of the first one, which then fails.
        let isSending = AsyncCondition(false)
        let hasBegun = AsyncCondition(false)
        mirror.world.intercept { event, _ in
            if event.location == upstream, case .resolve = event.operation {
                try await isSending.take { $0 ? true : nil }
            }
            if event.location == tool, case .exists = event.operation {
                hasBegun.change { $0 = true }
            }
            if event.location == app, case .pushBlob(shared.digest) = event.operation {
                isSending.change { $0 = true }
                try await hasBegun.take { $0 ? true : nil }
                throw ContentError(.denied, "no")
            }
        }
        #expect(try await mirror.sync().statuses == [.failed, .mirrored])
        let pushes = mirror.world.takeJournal().filter { $0.operation == .pushBlob(shared.digest) }
        #expect(pushes.map(\.location) == [app, tool])
    }

    @Test func `two targets cause one read of the source and no read of a target`()
        async throws
    {
        var mirror = try Mirror(["a.example/app:1.0"], to: ["one.example/m", "two.example/m"])
        let image = Self.builder.multiPlatform()
        try await mirror.world.publish(image, at: "a.example/app:1.0")
        try await mirror.sync()
        let journal = mirror.world.takeJournal()
        let source = try mirror.world.store("a.example/app").location
        let one = try mirror.world.store("one.example/m/app").location
        let fetched = journal.filter { $0.location == source }.map(\.operation)
        // Every blob once, and the configs again for validation; every manifest once.
        #expect(
            Set(fetched.filter { if case .fetchBlob = $0 { true } else { false } }).count
                == image.blobs.count)
        #expect(
            fetched.count { if case .fetchBlob = $0 { true } else { false } } == image.blobs.count)
        #expect(fetched.count { if case .fetchManifest = $0 { true } else { false } } == 3)
        let again = journal.filter { $0.location == one }.compactMap { event -> Digest? in
            if case .fetchBlob(let digest) = event.operation { digest } else { nil }
        }
        #expect(again.isEmpty)
        #expect(try mirror.entry("app", at: 1).repository.description == "two.example/m/app")
    }

    @Test func `a failure at the first target does not affect the second`() async throws {
        var mirror = try Mirror(["a.example/app:1.0"], to: ["one.example/m", "two.example/m"])
        let image = Self.builder.multiPlatform()
        try await mirror.world.publish(image, at: "a.example/app:1.0")
        let one = try mirror.world.store("one.example/m/app").location
        mirror.world.intercept { event, _ in
            guard event.location == one, event.operation.isPush else { return }
            throw ContentError(.denied, "no")
        }
        let run = try await mirror.sync()
        #expect(run.statuses == [.failed])
        #expect(run.report.outcomes[0].targets.map { $0.failure?.failureClass } == [.denied, nil])
        #expect(run.report.outcomes[0].targets[0].failure?.role == .target)
        #expect(try await mirror.digest("two.example/m/app:1.0") == image.digest)
        #expect(mirror.locks["/repo/0.lock.yaml"]?.images.isEmpty == true)
        #expect(try mirror.entry("app", at: 1).digest == image.digest)

        // The next run has one target to copy to, and reads from the other.
        mirror.world.intercept { _, _ in }
        _ = mirror.world.takeJournal()
        #expect(try await mirror.sync().statuses == [.mirrored])
        let source = try mirror.world.store("a.example/app").location
        let requests = mirror.world.takeJournal().filter { event in
            if case .referrers = event.operation { return false }
            return event.location == source
        }
        #expect(requests.map(\.described) == ["a.example/app resolve 1.0", "a.example/app tags"])
    }

    @Test func `a source that breaks within a blob is reported as a source failure`()
        async throws
    {
        var mirror = try Mirror(["a.example/app:1.0"])
        let image = Self.builder.multiPlatform()
        try await mirror.world.publish(image, at: "a.example/app:1.0")
        let layers = image.layers
        mirror.world.intercept { event, _ in
            guard case .read(let digest) = event.operation, layers.contains(digest) else { return }
            throw ContentError(.unavailable, "connection reset")
        }
        let run = try await mirror.sync()
        #expect(run.statuses == [.failed])
        #expect(run.failures.map(\.role) == [.source])
        #expect(run.failures[0].message == "source a.example/app: connection reset")
        #expect(try await mirror.digest("mirror.example/m/app:1.0") == nil)
    }

    @Test
    func `content that an earlier run uploaded is not uploaded again if mounting is unavailable`()
        async throws
    {
        var mirror = try Mirror(["a.example/app:1.0", "b.example/tool:1.0"])
        mirror.world.rejectMounts()
        let shared = Self.builder.multiPlatform()
        for name in ["a.example/app:1.0", "b.example/tool:1.0"] {
            try await mirror.world.publish(shared, at: name)
        }
        for name in ["app", "tool"] {
            let repository = try Repository(parsing: "mirror.example/m/\(name)")
            try await mirror.world.publish(shared, at: .repository(repository), tag: nil)
        }
        #expect(try await mirror.sync().statuses == [.mirrored, .mirrored])
        let pushes = mirror.world.takeJournal().map(\.operation).filter(\.isPush)
        let tag = ManifestName.tag(try Tag(parsing: "1.0"))
        #expect(pushes == Array(repeating: .pushManifest(shared.digest, as: tag), count: 2))
    }
}
