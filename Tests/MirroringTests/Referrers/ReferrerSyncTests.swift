// SPDX-License-Identifier: Apache-2.0

import Content
import Lockfiles
import Mirroring
import OCI
import RegistryTestSupport
import Testing

/// Referrers that are copied to several targets and recorded in their lock entries.
@Suite(.timeLimit(.minutes(10))) struct `Referrers in a sync` {
    private static let image = ImageBuilder().multiPlatform(seed: 7)
    private static let sbom = ImageBuilder().artifact("a/sbom", "x", about: image.root.descriptor)
    private static let signature = ImageBuilder().artifact("a/sig", "s", about: nil)
    private static let targets = ["one.example/m", "two.example/m", "three.example/m"]

    private var tag: OCI.Tag {
        get throws { try Tag(parsing: "sha256-\(Self.image.digest.hex).sig") }
    }

    private var locked: [LockedImage.Referrer] {
        get throws {
            [
                LockedImage.Referrer(digest: Self.sbom.digest),
                LockedImage.Referrer(digest: Self.signature.digest, tag: try tag),
            ].sorted()
        }
    }

    private func mirror(
        _ entries: [String] = ["a.example/app:1.0"], to targets: [String] = ["one.example/m"],
        settings: String = ""
    ) async throws -> Mirror {
        let mirror = try Mirror(entries, to: targets, settings: settings)
        for tag in ["1.0", "1.1"] {
            try await mirror.world.publish(Self.image, at: "a.example/app:\(tag)")
        }
        try await mirror.world.publish(Self.sbom, at: "a.example/app")
        try await mirror.world.publish(Self.signature, at: "a.example/app:\(try tag)")
        return mirror
    }

    private func count(
        _ events: [World.Event], _ matches: (World.Operation) -> Bool
    ) -> Int {
        events.count { $0.location.description == "a.example/app" && matches($0.operation) }
    }

    @Test func `are read once from the source for all targets`() async throws {
        var mirror = try await mirror(to: Self.targets)
        try await mirror.sync()
        let events = mirror.world.takeJournal()
        for manifest in Self.image.manifests {
            #expect(count(events) { $0 == .referrers(manifest.descriptor.digest) } == 1)
        }
        #expect(count(events) { $0 == .tags } == 1)
        let name = ManifestName.tag(try tag)
        #expect(count(events) { $0 == .resolve(name) } == 1)
        for referrer in [Self.sbom, Self.signature] {
            #expect(count(events) { $0 == .fetchManifest(referrer.digest) } == 1)
        }
        for (position, target) in Self.targets.enumerated() {
            #expect(try mirror.entry("app", at: position).referrers == locked)
            let store = try mirror.world.store("\(target)/app").memory
            #expect(try await store.resolve(.digest(Self.sbom.digest)) != nil)
            #expect(try await store.resolve(.tag(tag))?.digest == Self.signature.digest)
        }
    }

    @Test func `are shared by two tags with the same content`() async throws {
        var mirror = try await mirror(["a.example/app:1.0", "a.example/app:1.1"])
        let run = try await mirror.sync()
        #expect(try mirror.lock().images.values.map(\.referrers) == [locked, locked])
        let receipts = run.report.outcomes.flatMap(\.targets).compactMap(\.referrers)
        #expect(receipts.reduce(0) { $0 + $1.copied + $1.tags } == 2)
        let events = mirror.world.takeJournal()
        #expect(count(events) { $0 == .fetchManifest(Self.sbom.digest) } == 1)
    }

    @Test func `cause no requests in a run without changes`() async throws {
        var mirror = try await mirror()
        try await mirror.sync()
        let before = try mirror.lock()
        _ = mirror.world.takeJournal()
        try await mirror.sync()
        #expect(
            mirror.world.takeJournal().map(\.described) == [
                "a.example/app resolve 1.0", "one.example/m/app resolve 1.0",
            ])
        #expect(try mirror.lock() == before)
    }

    @Test func `are removed from the lock entry with 'referrers: none', without a request`()
        async throws
    {
        var mirror = try await mirror()
        try await mirror.sync()
        try mirror.configure(
            ["a.example/app:1.0"], to: ["one.example/m"], settings: "referrers: none")
        _ = mirror.world.takeJournal()
        try await mirror.sync()
        #expect(mirror.world.takeJournal().count == 2)
        #expect(try mirror.entry("app").referrers == [])
    }

    @Test func `are kept in the entry that a later run writes`() async throws {
        var mirror = try await mirror(["{source: 'a.example/app:1.0', validation: index}"])
        try await mirror.sync()
        try mirror.configure(["a.example/app:1.0"], to: ["one.example/m"])
        #expect(try await mirror.sync().statuses == [.validated])
        #expect(try mirror.entry("app").referrers == locked)
    }

    @Test func `are found again if the lock file is missing`() async throws {
        var mirror = try await mirror()
        try await mirror.sync()
        mirror.locks = [:]
        #expect(try await mirror.sync().statuses == [.validated])
        #expect(try mirror.entry("app").referrers == locked)
    }

    @Test func `missing at a target are copied again only by a refresh`() async throws {
        var mirror = try await mirror()
        try await mirror.sync()
        let store = try mirror.world.store("one.example/m/app")
        for digest in Self.sbom.digests { store.lose(digest) }
        #expect(try await mirror.sync().statuses == [.unchanged])
        let run = try await mirror.sync(refreshesReferrers: true)
        #expect(run.statuses == [.repaired])
        #expect(run.report.outcomes[0].targets[0].referrers?.copied == 1)
        #expect(try await store.resolve(.digest(Self.sbom.digest)) != nil)
        #expect(try mirror.entry("app").referrers == locked)
        #expect(try await mirror.sync(refreshesReferrers: true).statuses == [.unchanged])
    }

    @Test(arguments: ["a.example/app", "one.example/m/app"])
    func `that could not be copied are copied by the next run, also to an unchanged image`(
        failing: String
    ) async throws {
        var mirror = try await mirror()
        mirror.world.intercept { event, _ in
            guard event.location.description == failing else { return }
            switch event.operation {
            case .fetchManifest(Self.sbom.digest), .pushManifest(Self.sbom.digest, as: _):
                throw ContentError(.unavailable, "connection reset")
            default: break
            }
        }
        let failed = try await mirror.sync()
        #expect(failed.report.outcomes[0].referrerWarnings.count == 1)
        #expect(try mirror.entry("app").referrers.map(\.digest) == [Self.signature.digest])
        #expect(try mirror.entry("app").hasIncompleteReferrers)
        // The entry stays the same while the failure lasts.
        let before = try mirror.lock()
        #expect(try await mirror.sync().report.outcomes[0].referrerWarnings.count == 1)
        #expect(try mirror.lock() == before)
        mirror.world.intercept { _, _ in }
        let run = try await mirror.sync()
        #expect(run.statuses == [.unchanged])
        #expect(run.report.outcomes[0].targets[0].referrers?.copied == 1)
        #expect(try mirror.entry("app").referrers == locked)
        #expect(try !mirror.entry("app").hasIncompleteReferrers)
        _ = mirror.world.takeJournal()
        try await mirror.sync()
        #expect(mirror.world.takeJournal().count == 2)
    }

    @Test func `of every manifest of the image are looked up again`() async throws {
        let amd64 = ImageBuilder().multiPlatform([.linuxAMD64], seed: 8)
        let arm64 = ImageBuilder().image(
            .linuxARM64, layers: [.random(size: 100, seed: 1)])
        let nested = ImageBuilder().index([.image(arm64)])
        let statement = IndexEntry.attestation(of: arm64)
        let index = ImageBuilder().index([
            .unlabelled(amd64), .image(arm64), .unlabelled(nested), statement,
        ])
        let signed = index.manifests.map { $0.descriptor }
        let signatures = signed.map { ImageBuilder().artifact("a/sig", "\($0.digest)", about: $0) }
        var mirror = try Mirror(
            ["{source: 'a.example/app:1.0', validation: index}"], to: ["one.example/m"],
            settings: "platforms: [linux/arm64]")
        try await mirror.world.publish(index, at: "a.example/app:1.0")
        for signature in signatures {
            try await mirror.world.publish(signature, at: "a.example/app")
        }
        mirror.world.intercept { event, _ in
            if case .referrers = event.operation, event.location.description == "a.example/app" {
                throw ContentError(.unavailable, "connection reset")
            }
        }
        try await mirror.sync()
        #expect(try mirror.entry("app").referrers == [])
        mirror.world.intercept { _, _ in }
        #expect(try await mirror.sync().statuses == [.unchanged])
        #expect(
            try Set(mirror.entry("app").referrers.map(\.digest))
                == Set(signatures.map { $0.digest }))
        #expect(try !mirror.entry("app").hasIncompleteReferrers)
    }

    @Test func `that the source denies are not requested in each run`() async throws {
        var mirror = try await mirror()
        mirror.world.intercept { event, _ in
            if event.operation == .tags, event.location.description == "a.example/app" {
                throw ContentError(.denied, "access denied")
            }
        }
        let run = try await mirror.sync()
        #expect(!run.report.outcomes[0].referrerWarnings.isEmpty)
        #expect(try !mirror.entry("app").hasIncompleteReferrers)
        _ = mirror.world.takeJournal()
        #expect(try await mirror.sync().report.outcomes[0].referrerWarnings.isEmpty)
        #expect(mirror.world.takeJournal().count == 2)
    }

    @Test func `that the source lists but lacks do not make the entry incomplete`() async throws {
        var mirror = try await mirror()
        try await removeFromSource(mirror)
        let run = try await mirror.sync()
        #expect(run.report.outcomes[0].referrerWarnings.isEmpty == false)
        #expect(try !mirror.entry("app").hasIncompleteReferrers)
    }

    @Test func `that only the target still has are kept in the entry`() async throws {
        var mirror = try await mirror()
        try await mirror.sync()
        try await removeFromSource(mirror)
        try await mirror.sync(refreshesReferrers: true)
        #expect(try mirror.entry("app").referrers == locked)
    }

    @Test func `missing at source and target are removed from the entry only by a refresh`()
        async throws
    {
        var mirror = try await mirror()
        try await mirror.sync()
        try await removeFromSource(mirror)
        let target = try mirror.world.store("one.example/m/app")
        for digest in Self.sbom.digests { target.lose(digest) }
        try await mirror.sync()
        #expect(try mirror.entry("app").referrers == locked)
        // No referrer is removed while the source is unavailable.
        mirror.world.intercept { event, _ in
            if event.operation == .referrers(Self.image.digest) {
                throw ContentError(.unavailable, "connection refused")
            }
        }
        try await mirror.sync(refreshesReferrers: true)
        #expect(try mirror.entry("app").referrers == locked)
        mirror.world.intercept { _, _ in }
        try await mirror.sync(refreshesReferrers: true)
        #expect(try mirror.entry("app").referrers.map(\.digest) == [Self.signature.digest])
    }

    /// Removes the SBOM from the source, which still lists it.
    private func removeFromSource(_ mirror: Mirror) async throws {
        let source = try mirror.world.store("a.example/app")
        for digest in Self.sbom.digests { source.lose(digest) }
    }

    @Test func `under a cosign tag that was moved at the target are recorded as they are`()
        async throws
    {
        var mirror = try await mirror()
        try await mirror.sync()
        let own = ImageBuilder().artifact("a/sig", "own", about: nil)
        try await mirror.world.publish(own, at: "one.example/m/app:\(try tag)")
        try await mirror.sync()
        #expect(try mirror.entry("app").referrers == locked)
        let run = try await mirror.sync(refreshesReferrers: true)
        let receipt = try #require(run.report.outcomes[0].targets[0].referrers)
        #expect(receipt.warnings.count { $0.contains("not overwritten") } == 1)
        #expect(
            try mirror.entry("app").referrers.contains(.init(digest: own.digest, tag: try tag)))
        #expect(try mirror.entry("app").referrers.count == 2)
    }
}
