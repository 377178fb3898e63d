// SPDX-License-Identifier: Apache-2.0

import Content
import Lockfiles
import Mirroring
import OCI
import RegistryTestSupport
import Testing
import Validation

@Suite(.timeLimit(.minutes(10))) struct VerifierTests {
    private static let image = ImageBuilder().multiPlatform(seed: 1)
    private static let other = ImageBuilder().multiPlatform(seed: 2)

    private func mirror(_ source: String = "a.example/app:1.0") async throws -> Mirror {
        var mirror = try Mirror([source])
        let tag = source.contains("latest") ? "latest" : "1.0"
        try await mirror.world.publish(Self.image, at: "a.example/app:\(tag)")
        try await mirror.sync()
        _ = mirror.world.takeJournal()
        return mirror
    }

    private func verify(_ mirror: Mirror) async throws -> VerifiedImage {
        let images = try await Verifier(
            stores: mirror.world.stores, configuration: mirror.configuration, today: mirror.today
        ).verify(
            mirror.lock().images)
        return try #require(images.first)
    }

    @Test func `a target that matches its lock file is read once and not written to`() async throws
    {
        let mirror = try await mirror()
        let image = try await verify(mirror)
        #expect(image.problems.isEmpty)
        #expect(image.failure == nil)
        #expect(image.presentCount == Self.image.manifests.count + Self.image.blobs.count)
        let journal = mirror.world.takeJournal()
        #expect(journal.allSatisfy { !$0.operation.isPush })
        #expect(journal.count == 1 + Self.image.manifests.count + Self.image.blobs.count)
    }

    @Test(arguments: ["a.example/app:1.0", "{source: 'a.example/app:latest', floating: true}"])
    func `a moved or missing tag is reported, also a floating one`(_ source: String) async throws {
        let mirror = try await mirror(source)
        let tag = try #require(mirror.entry("app").targetTag)
        try await mirror.world.publish(Self.other, at: "mirror.example/m/app:\(tag)")
        #expect(try await verify(mirror).problems == [.tagMoved(tag, now: Self.other.digest)])
        try mirror.world.store("mirror.example/m/app").lose(Self.other.digest)
        #expect(try await verify(mirror).problems == [.tagMoved(tag, now: nil)])
    }

    @Test func `missing content is named: the index, a child, a config, a layer`()
        async throws
    {
        let child = Self.image.manifests[0]
        guard case .image(let manifest) = try child.decoded() else {
            Issue.record("the child is not an image")
            return
        }
        let cases: [(Digest, [VerifiedImage.Problem])] = [
            (
                Self.image.digest,
                [.tagMoved(try Tag(parsing: "1.0"), now: nil), .manifestMissing(Self.image.digest)]
            ),
            (child.descriptor.digest, [.childMissing(child.descriptor.digest)]),
            (manifest.config.digest, [.blobMissing(manifest.config.digest)]),
            (manifest.layers[0].digest, [.blobMissing(manifest.layers[0].digest)]),
        ]
        for (digest, problems) in cases {
            let mirror = try await mirror()
            try mirror.world.store("mirror.example/m/app").lose(digest)
            let image = try await verify(mirror)
            #expect(image.problems == problems)
            #expect(image.failure == nil)
        }
    }

    @Test func `a platform whose manifest differs from the lock file is reported`() async throws {
        var mirror = try await mirror()
        var entry = try mirror.entry("app")
        // Both manifests exist, each under the platform of the other.
        let amd64 = entry.platforms[.linuxAMD64]
        entry.platforms[.linuxAMD64] = entry.platforms[.linuxARM64]
        entry.platforms[.linuxARM64] = amd64
        mirror.locks["/repo/0.lock.yaml"]?.images["app"] = entry
        #expect(
            try await verify(mirror).problems == [
                .platformChanged(.linuxAMD64), .platformChanged(.linuxARM64),
            ])
        entry.platforms = [.linuxAMD64: .init(digest: Self.other.digest, size: 1)]
        mirror.locks["/repo/0.lock.yaml"]?.images["app"] = entry
        #expect(
            try await verify(mirror).problems == [
                .platformChanged(.linuxAMD64), .insufficientlyValidated(.platforms([.linuxARM64])),
            ])
    }

    @Test
    func `content that differs from the lock file is a problem, a connection error is a failure`()
        async throws
    {
        let mirror = try await mirror()
        var lock = try mirror.lock()
        lock.images["app"]?.size += 1
        let broken = try await Verifier(
            stores: mirror.world.stores, configuration: mirror.configuration, today: mirror.today
        ).verify(
            lock.images)
        #expect(broken[0].problems.count == 1)
        #expect(broken[0].failure == nil)

        mirror.world.intercept { _, _ in throw ContentError(.unavailable, "no connection") }
        let image = try await verify(mirror)
        #expect(image.problems.isEmpty)
        #expect(image.failure?.failureClass == .unavailable)
        #expect(image.failure?.role == .target)
    }

    @Test func `a single image without an index is verified like any other`() async throws {
        var mirror = try Mirror(["a.example/app:1.0"], settings: "platforms: [linux/amd64]")
        let single = ImageBuilder().image(layers: [.random(size: 9, seed: 1)])
        try await mirror.world.publish(single, at: "a.example/app:1.0")
        try await mirror.sync()
        let image = try await verify(mirror)
        #expect(image.problems.isEmpty)
        #expect(image.lockEntry.platforms.keys.sorted() == [.linuxAMD64])
    }
}

@Suite(.timeLimit(.minutes(10))) struct ImageCheckerTests {
    private static let image = ImageBuilder().index([
        .image(ImageSamples.amd64), .image(ImageSamples.arm64),
        .attestation(of: ImageSamples.amd64),
    ])
    private enum ImageSamples {
        static let amd64 = ImageBuilder().image(layers: [.random(size: 9, seed: 1)])
        static let arm64 = ImageBuilder().image(.linuxARM64, layers: [.random(size: 9, seed: 2)])
    }

    private func check(
        _ reference: String, in world: World, platforms: [Platform] = [.linuxAMD64, .linuxARM64]
    ) async throws -> CheckedImage {
        let reference = try Reference(parsing: reference)
        return try await ImageChecker(
            stores: world.stores, required: ImageRequirements(platforms: platforms, level: .config),
            jobs: 2, scanner: Mirror.scanner
        ).check(.repository(reference.repository), tag: reference.tag, digest: reference.digest)
    }

    @Test func `a valid image is accepted, and its attestations are counted`()
        async throws
    {
        let world = World()
        try await world.publish(Self.image, at: "a.example/app:1.0")
        for name in ["a.example/app:1.0", "a.example/app@\(Self.image.digest)"] {
            let checked = try await check(name, in: world)
            #expect(checked.name == name)
            #expect(checked.isAccepted)
            #expect(checked.descriptor?.digest == Self.image.digest)
            #expect(checked.attestations == 1)
            #expect(checked.failure == nil)
        }
        #expect(world.takeJournal().allSatisfy { !$0.operation.isPush })
    }

    @Test func `an image that lacks a platform is rejected, which is a verdict and not a failure`()
        async throws
    {
        let world = World()
        try await world.publish(ImageSamples.amd64, at: "a.example/app:1.0")
        let checked = try await check("a.example/app:1.0", in: world)
        #expect(!checked.isAccepted)
        #expect(checked.failure == nil)
        #expect(checked.report?.findings.map(\.id) == [.notAnIndex, .platformMissing])
    }

    @Test func `a missing tag is reported with the existing ones`() async throws {
        let world = World()
        try await world.publish(Self.image, at: "a.example/app:1.2.4")
        let checked = try await check("a.example/app:v1.3.0", in: world)
        #expect(checked.failure?.failureClass == .missing)
        #expect(checked.suggestedTags?.newestRelease?.name == "1.2.4")
        #expect(checked.failure?.hint?.contains("1.2.4") == true)
    }

    @Test func `a tag or digest is required, with no default`() async throws {
        let checked = try await check("a.example/app", in: World())
        #expect(checked.failure?.failureClass == .missing)
        #expect(checked.failure?.hint?.contains("'latest' is never assumed") == true)
    }

    @Test func `a registry that fails gives a failure and no verdict`() async throws {
        let world = World()
        world.intercept { _, _ in throw ContentError(.denied, "no") }
        let checked = try await check("a.example/app:1.0", in: world)
        #expect(checked.failure?.failureClass == .denied)
        #expect(checked.report == nil)
        #expect(!checked.isAccepted)
    }
}
