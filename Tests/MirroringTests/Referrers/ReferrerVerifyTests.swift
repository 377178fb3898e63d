// SPDX-License-Identifier: Apache-2.0

import Content
import Lockfiles
import Mirroring
import OCI
import RegistryTestSupport
import Testing

/// Referrers of a lock entry that are compared with a target and repaired.
@Suite(.timeLimit(.minutes(10))) struct `Referrers in a verification` {
    private static let image = ImageBuilder().multiPlatform(seed: 8)
    private static let sbom = ImageBuilder().artifact("a/sbom", "x", about: image.root.descriptor)
    private static let signature = ImageBuilder().artifact("a/sig", "s", about: nil)

    private var tag: OCI.Tag {
        get throws { try Tag(parsing: "sha256-\(Self.image.digest.hex).sig") }
    }

    private func mirror(
        to targets: [String] = ["one.example/m"], settings: String = ""
    ) async throws -> Mirror {
        var mirror = try Mirror(["a.example/app:1.0"], to: targets, settings: settings)
        try await mirror.world.publish(Self.image, at: "a.example/app:1.0")
        try await mirror.world.publish(Self.sbom, at: "a.example/app")
        try await mirror.world.publish(Self.signature, at: "a.example/app:\(try tag)")
        try await mirror.sync()
        _ = mirror.world.takeJournal()
        return mirror
    }

    private func verify(_ mirror: Mirror, repairs: Bool = false) async throws -> VerifiedImage {
        var verifier = Verifier(
            stores: mirror.world.stores, configuration: mirror.configuration, today: mirror.today)
        if repairs { verifier = verifier.repairing(from: mirror.locks, jobs: 2) }
        return try #require(try await verifier.verify(mirror.lock().images).first)
    }

    @Test func `are verified with their content and repaired if it is missing`()
        async throws
    {
        let plain = LockedImage.Referrer(digest: Self.sbom.digest)
        let tagged = LockedImage.Referrer(digest: Self.signature.digest, tag: try tag)
        let content = try #require(
            Self.sbom.blobs.keys.first { !Self.signature.blobs.keys.contains($0) })
        let cases: [(Digest, VerifiedImage.Problem)] = [
            (Self.sbom.digest, .referrer(plain, .missing)),
            (content, .referrer(plain, .incomplete(content))),
            (Self.signature.digest, .referrer(tagged, .tagMoved(now: nil))),
        ]
        for (digest, problem) in cases {
            let mirror = try await mirror()
            #expect(try await verify(mirror).problems.isEmpty)
            try mirror.world.store("one.example/m/app").lose(digest)
            #expect(try await verify(mirror).problems == [problem])
            let repaired = try await verify(mirror, repairs: true)
            #expect(repaired.problems.isEmpty)
            #expect(repaired.failure == nil)
            #expect(repaired.repaired == [problem])
        }
    }

    @Test func `are repaired from another target that has them`() async throws {
        let mirror = try await mirror(to: ["one.example/m", "two.example/m"])
        try mirror.world.store("one.example/m/app").lose(Self.sbom.digest)
        for digest in Self.sbom.digests { try mirror.world.store("a.example/app").lose(digest) }
        #expect(try await verify(mirror, repairs: true).problems.isEmpty)
    }

    @Test func `that no store has remain a problem`() async throws {
        let mirror = try await mirror()
        for store in ["one.example/m/app", "a.example/app"] {
            try mirror.world.store(store).lose(Self.sbom.digest)
        }
        let image = try await verify(mirror, repairs: true)
        #expect(image.problems == [.referrer(.init(digest: Self.sbom.digest), .missing)])
        #expect(image.failure?.role == .source)
        #expect(image.failure?.hint?.contains("--refresh-referrers") == true)
    }

    @Test
    func `with signatures added at the target are a problem that a repair does not overwrite`()
        async throws
    {
        let mirror = try await mirror()
        let own = ImageBuilder().artifact("a/sig", "own", about: nil)
        try await mirror.world.publish(own, at: "one.example/m/app:\(try tag)")
        let referrer = LockedImage.Referrer(digest: Self.signature.digest, tag: try tag)
        let image = try await verify(mirror, repairs: true)
        #expect(image.problems == [.referrer(referrer, .tagMoved(now: own.digest))])
        #expect(image.failure?.message.contains("not overwritten") == true)
        #expect(try await mirror.digest("one.example/m/app:\(try tag)") == own.digest)
    }

    @Test func `are not verified with 'referrers: none'`() async throws {
        var mirror = try await mirror()
        try mirror.world.store("one.example/m/app").lose(Self.sbom.digest)
        try mirror.configure(
            ["a.example/app:1.0"], to: ["one.example/m"], settings: "referrers: none")
        #expect(try await verify(mirror).problems.isEmpty)
    }

    @Test func `a tag at the source is resolved once for all targets`() async throws {
        let mirror = try await mirror(to: ["one.example/m", "two.example/m"])
        let verifier = Verifier(
            stores: mirror.world.stores, configuration: mirror.configuration, today: mirror.today,
            checksSource: true)
        for position in 0...1 {
            _ = try await verifier.verify(mirror.lock(position).images)
        }
        let asked = mirror.world.takeJournal().filter {
            $0.location.description == "a.example/app"
        }
        #expect(asked.count == 1)
    }
}
