// SPDX-License-Identifier: Apache-2.0

import Content
import Lockfiles
import OCI
import RegistryTestSupport
import AsyncPrimitives
import Testing
import Validation

@testable import Mirroring

/// Forty indexes, each of which lists all that follow it, so there are 2^39 paths to the image.
@Suite(.timeLimit(.minutes(10))) struct `Indexes that list each other` {
    private static let image = ImageBuilder().multiPlatform()
    private static let name = "mirror.example/m/app"

    private static func entangled(_ revision: String) -> BuiltImage {
        ImageBuilder().entangled(image, annotations: ["revision": revision])
    }

    private func mirror() async throws -> Mirror {
        var mirror = try Mirror(["a.example/app:1.0"], settings: "referrers: none")
        try await mirror.world.publish(Self.entangled("1"), at: "a.example/app:1.0")
        #expect(try await mirror.sync().statuses == [.mirrored])
        _ = mirror.world.takeJournal()
        return mirror
    }

    private func verify(_ mirror: Mirror, repairs: Bool = false) async throws -> VerifiedImage {
        var verifier = Verifier(
            stores: mirror.world.stores, configuration: mirror.configuration, today: mirror.today)
        if repairs { verifier = verifier.repairing(from: mirror.locks, jobs: 2) }
        return try #require(try await verifier.verify(mirror.lock().images).first)
    }

    @Test func `are synced again after the tag has moved, with one push`() async throws {
        var mirror = try await mirror()
        let next = Self.entangled("2")
        try await mirror.world.publish(next, at: "a.example/app:1.0")
        #expect(try await mirror.sync().statuses == [.mirrored])
        let pushes = mirror.world.takeJournal().map(\.operation).filter(\.isPush)
        let kept = Self.entangled("1").digest
        #expect(
            pushes == [
                .pushManifest(kept, as: .tag(try Tag(parsing: "kept-\(kept.hex)"))),
                .pushManifest(next.digest, as: .tag(try Tag(parsing: "1.0"))),
            ])
    }

    @Test func `are verified and repaired`() async throws {
        let mirror = try await mirror()
        #expect(try await verify(mirror).problems.isEmpty)
        let lost = try #require(Self.image.blobs.keys.min())
        try mirror.world.store(Self.name).lose(lost)
        #expect(try await verify(mirror).problems == [.blobMissing(lost)])
        let repaired = try await verify(mirror, repairs: true)
        #expect(repaired.problems.isEmpty && repaired.failure == nil)
    }

    @Test func `are repaired if everything but the root is missing`() async throws {
        let mirror = try await mirror()
        let store = try mirror.world.store(Self.name)
        for manifest in Self.entangled("1").manifests.dropLast() {
            store.lose(manifest.descriptor.digest)
        }
        #expect(try await !verify(mirror).problems.isEmpty)
        let repaired = try await verify(mirror, repairs: true)
        #expect(repaired.problems.isEmpty && repaired.failure == nil)
    }

    @Test func `are checked`() async throws {
        let world = World()
        try await world.publish(Self.entangled("1"), at: "a.example/app:1.0")
        let required = ImageRequirements(platforms: [.linuxAMD64, .linuxARM64], level: .config)
        let checker = ImageChecker(
            stores: world.stores, required: required, jobs: 2, scanner: Mirror.scanner)
        let checked = try await checker.check(
            world.store("a.example/app").location, tag: try Tag(parsing: "1.0"), digest: nil)
        #expect(checked.isAccepted)
    }

    // If a registry loses what was pushed, the number of attempts would be the product of all
    // levels.
    @Test func `cost a bounded number of requests if each push is rejected twice`() async throws {
        var mirror = try Mirror(["a.example/app:1.0"], settings: "referrers: none")
        let image = Self.entangled("1")
        try await mirror.world.publish(image, at: "a.example/app:1.0")
        let refusals = Mutex<[Digest: Int]>([:])
        mirror.world.intercept { event, _ in
            guard case .pushManifest(let digest, _) = event.operation else { return }
            let count = refusals.withLock { refusals in
                refusals[digest, default: 0] += 1
                return refusals[digest, default: 0]
            }
            guard count % 3 == 0 else { throw ContentError(.incomplete, "a child is unknown") }
        }
        _ = try await mirror.sync()
        let pushes = mirror.world.takeJournal().count(where: \.operation.isPush)
        #expect(pushes < 100 * image.manifests.count)
    }

    @Test func `are pruned, except for content that a remaining tag needs`() async throws {
        let mirror = try await mirror()
        let image = Self.entangled("1")
        let part = try #require(image.manifests.dropLast().last).descriptor
        let memory = try mirror.world.store(Self.name).memory
        try await memory.push(
            manifest: try await memory.fetch(manifest: part), as: .tag(try Tag(parsing: "part")))
        let pruner = Pruner(
            configuration: mirror.configuration, stores: mirror.world.stores,
            retained: RetainedReferences(
                locks: [try mirror.lock()], keepList: [], configuration: mirror.configuration))
        let report = try await pruner.prune(also: [], removes: true)
        #expect(report.keptCount == 1)
        let pruned = try #require(report.tags.first)
        guard case .failed(let failure) = pruned.outcome else {
            Issue.record("a manifest of a remaining image was removed: \(pruned.outcome)")
            return
        }
        #expect(failure.message.contains("still in use by tag 1.0"))
    }

    // The rules would examine the product of many layers and many platforms.
    @Test func `are rejected if they list too many images and layers`() async throws {
        let layers = (0..<150).map { Layer.random(size: 8, seed: $0) }
        let builder = ImageBuilder()
        let image = builder.image(.linuxAMD64, layers: layers)
        let entries = (0..<200).map { number in
            IndexEntry.image(
                image,
                as: Platform(os: "linux", architecture: "amd64", osVersion: "\(number)"))
        }
        let world = World()
        try await world.publish(builder.index(entries), at: "a.example/app:1.0")
        let required = ImageRequirements(platforms: [.linuxAMD64], level: .config)
        let checker = ImageChecker(
            stores: world.stores, required: required, jobs: 2, scanner: Mirror.scanner)
        let checked = try await checker.check(
            world.store("a.example/app").location, tag: try Tag(parsing: "1.0"), digest: nil)
        #expect(checked.failure?.failureClass == .invalid)
        #expect(checked.failure?.message.contains("more than 20000 images and layers") == true)
    }
}
