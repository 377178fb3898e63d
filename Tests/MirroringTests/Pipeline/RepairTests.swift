// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Content
import Lockfiles
import Mirroring
import OCI
import RegistryTestSupport
import Testing
import Validation

/// Repairs, and the checks of `verify` beyond the content of the target.
@Suite struct RepairTests {
    private static let image = ImageBuilder().multiPlatform(seed: 1)
    private static let other = ImageBuilder().multiPlatform(seed: 2)
    private static let targets = ["mirror.example/m", "second.example/m"]

    private func mirror(
        _ entry: String = "a.example/app:1.0", to targets: [String] = ["mirror.example/m"]
    ) async throws -> Mirror {
        var mirror = try Mirror([entry], to: targets)
        let tag = entry.contains("latest") ? "latest" : "1.0"
        try await mirror.world.publish(Self.image, at: "a.example/app:\(tag)")
        try await mirror.sync()
        _ = mirror.world.takeJournal()
        return mirror
    }

    private func verify(
        _ mirror: Mirror, checksSource: Bool = false, repairs: Bool = false
    ) async throws -> VerifiedImage {
        var verifier = Verifier(
            stores: mirror.world.stores, configuration: mirror.configuration, today: mirror.today,
            checksSource: checksSource)
        if repairs { verifier = verifier.repairing(from: mirror.locks, jobs: 2) }
        return try #require(try await verifier.verify(mirror.lock().images).first)
    }

    private static var contents: [Digest] {
        image.manifests.map(\.descriptor.digest) + image.blobs.keys.sorted() + [image.digest]
    }

    @Test(arguments: contents)
    func `content that a target has lost is restored, and nothing else`(_ lost: Digest) async throws
    {
        let mirror = try await mirror()
        try mirror.world.store("mirror.example/m/app").lose(lost)
        let broken = try await verify(mirror)
        #expect(!broken.problems.isEmpty)
        _ = mirror.world.takeJournal()
        let image = try await verify(mirror, repairs: true)
        #expect(image.problems.isEmpty)
        #expect(image.failure == nil)
        #expect(image.repaired == broken.problems)
        let uploaded = mirror.world.takeJournal().compactMap { event -> Digest? in
            if case .pushBlob(let digest) = event.operation { digest } else { nil }
        }
        #expect(uploaded == (Self.image.blobs.keys.contains(lost) ? [lost] : []))
        #expect(try await verify(mirror).problems.isEmpty)
    }

    @Test func `the locked digest is restored even if the tag has moved at the source`()
        async throws
    {
        let mirror = try await mirror()
        try await mirror.world.publish(Self.other, at: "a.example/app:1.0")
        try await mirror.world.publish(Self.other, at: "mirror.example/m/app:1.0")
        let image = try await verify(mirror, repairs: true)
        #expect(
            image.repaired == [.tagMoved(try Tag(parsing: "1.0"), now: Self.other.digest)])
        #expect(try await mirror.digest("mirror.example/m/app:1.0") == Self.image.digest)
        // A user may have pinned the locked digest in the meantime.
        #expect(
            try await mirror.digest("mirror.example/m/app:kept-\(Self.other.digest.hex)")
                == Self.other.digest)
    }

    @Test func `content that the source no longer has is copied from another target`() async throws
    {
        let mirror = try await mirror(to: Self.targets)
        let lost = try #require(Self.image.blobs.keys.min())
        try mirror.world.store("mirror.example/m/app").lose(lost)
        for digest in Self.contents { try mirror.world.store("a.example/app").lose(digest) }
        let image = try await verify(mirror, repairs: true)
        #expect(image.repaired == [.blobMissing(lost)])
        #expect(image.failure == nil)
    }

    @Test func `content that no store has stays a problem, with its reason`() async throws {
        let mirror = try await mirror()
        let lost = try #require(Self.image.blobs.keys.min())
        try mirror.world.store("mirror.example/m/app").lose(lost)
        for digest in Self.contents { try mirror.world.store("a.example/app").lose(digest) }
        let image = try await verify(mirror, repairs: true)
        #expect(image.problems == [.blobMissing(lost)])
        #expect(image.repaired.isEmpty)
        #expect(image.failure?.role == .source)
    }

    @Test func `a target that cannot be opened is a failure of the target, not of the source`()
        async throws
    {
        let mirror = try await mirror()
        let world = mirror.world
        let target = try world.store("mirror.example/m/app")
        target.lose(Self.image.digest)
        let opened = Mutex(0)
        // The target can be opened to verify it, and no more to repair it.
        let stores = StoreProvider { location in
            guard location == target.location else { return world.store(at: location) }
            let count = opened.withLock { count in
                count += 1
                return count
            }
            guard count == 1 else { throw ContentError(.unavailable, "no such store") }
            return target
        }
        let verifier = Verifier(
            stores: stores, configuration: mirror.configuration, today: mirror.today
        ).repairing(from: mirror.locks, jobs: 2)
        let image = try #require(try await verifier.verify(mirror.lock().images).first)
        #expect(image.failure?.role == .target)
        #expect(image.failure?.message.contains("no such store") == true)
        #expect(image.repaired.isEmpty)
    }

    @Test func `a target that cannot be opened does not stop the verification of others`()
        async throws
    {
        let mirror = try await mirror(to: Self.targets)
        let closed = try mirror.world.store("mirror.example/m/app").location
        let stores = StoreProvider { location in
            guard location != closed else { throw ContentError(.unavailable, "no such store") }
            return mirror.world.store(at: location)
        }
        let verifier = Verifier(
            stores: stores, configuration: mirror.configuration, today: mirror.today)
        var entries = try mirror.lock().images
        entries["other"] = try mirror.entry("app", at: 1)
        let images = try await verifier.verify(entries)
        #expect(images.map { $0.failure?.role } == [.target, nil])
    }

    @Test func `a canceled repair reads no further source`() async throws {
        let mirror = try await mirror(to: Self.targets)
        let world = mirror.world
        let source = try world.store("a.example/app").location
        let other = try world.store("second.example/m/app").location
        try world.store("mirror.example/m/app").lose(Self.image.digest)
        let (started, starts) = AsyncStream<Void>.makeStream()
        let released = AsyncCondition(false)
        world.intercept { event, _ in
            guard event.location == other, case .fetchManifest = event.operation else { return }
            starts.yield()
            // The registry client ends a canceled request with an error of its own.
            _ = try? await released.take { $0 ? true : nil }
            throw ContentError(.unavailable, "request aborted")
        }
        let images = try mirror.lock().images
        let verifier = Verifier(
            stores: world.stores, configuration: mirror.configuration, today: mirror.today
        ).repairing(from: mirror.locks, jobs: 2)
        let repair = Task { try await verifier.verify(images) }
        for await _ in started { break }
        repair.cancel()
        await #expect(throws: CancellationError.self) { try await repair.value }
        #expect(world.takeJournal().allSatisfy { $0.location != source })
    }

    @Test
    func `a tag that one platform replaced is reported as flattened and restored to the index`()
        async throws
    {
        let mirror = try await mirror()
        let child = Self.image.manifests[0]
        let tag = try Tag(parsing: "1.0")
        try await mirror.world.store("mirror.example/m/app").memory.push(
            manifest: child, as: .tag(tag))
        let problem = VerifiedImage.Problem.tagFlattened(
            tag, now: child.descriptor.digest, .linuxAMD64)
        #expect(try await verify(mirror).problems == [problem])
        #expect(
            problem.description.hasSuffix("a single image for linux/amd64 instead of the index"))
        #expect(try await verify(mirror, repairs: true).repaired == [problem])
        #expect(try await mirror.digest("mirror.example/m/app:1.0") == Self.image.digest)
    }

    @Test func `the source is checked only on request, and a version tag must not move`()
        async throws
    {
        let mirror = try await mirror()
        try await mirror.world.publish(Self.other, at: "a.example/app:1.0")
        #expect(try await verify(mirror).problems.isEmpty)
        let requests = mirror.world.takeJournal().filter {
            $0.location.description.hasPrefix("a.example")
        }
        #expect(requests.isEmpty)
        let tag = try Tag(parsing: "1.0")
        #expect(
            try await verify(mirror, checksSource: true).problems == [
                .sourceMoved(tag, now: Self.other.digest)
            ])
        // The target matches its lock file, so there is nothing to repair.
        let image = try await verify(mirror, checksSource: true, repairs: true)
        #expect(image.problems == [.sourceMoved(tag, now: Self.other.digest)])
        #expect(mirror.world.takeJournal().allSatisfy { !$0.operation.isPush })
    }

    @Test func `a floating tag that moved at the source is a note`() async throws {
        let mirror = try await mirror("{source: 'a.example/app:latest', floating: true}")
        try await mirror.world.publish(Self.other, at: "a.example/app:latest")
        let image = try await verify(mirror, checksSource: true)
        #expect(image.problems.isEmpty)
        #expect(image.findings.map(\.id) == [.tagMoved])
        #expect(image.findings.map(\.severity) == [.note])
    }

    @Test func `a lock entry that covers less than required is reported`() async throws {
        var mirror = try await mirror()
        try mirror.configure([
            "{source: 'a.example/app:1.0', validation: content, requires: [/bin/app]}"
        ])
        #expect(
            try await verify(mirror).problems == [
                .insufficientlyValidated(.level(.config, required: .content)),
                .insufficientlyValidated(.paths(["/bin/app"])),
            ])
    }

    @Test func `each lock entry is compared with the configuration entry that produced it`()
        async throws
    {
        var mirror = try Mirror([
            "{source: 'a.example/app:1.0', name: first, validation: content, requires: [/bin/app]}",
            "{source: 'a.example/app:1.0', name: second}",
            "{source: 'a.example/app', tags: {regex: '2.*'}, copy: required, validation: content}",
            "a.example/app:2.9",
        ])
        for tag in ["1.0", "2.0", "2.9"] {
            try await mirror.world.publish(Self.image, at: "a.example/app:\(tag)")
        }
        try await mirror.sync()
        let lock = try mirror.lock()
        #expect(lock.images.count == 4)
        let verifier = Verifier(
            stores: mirror.world.stores, configuration: mirror.configuration, today: mirror.today)
        for image in try await verifier.verify(lock.images) {
            #expect(image.problems.isEmpty, "\(image.id)")
        }
        // All platforms were copied for the tag that has its own entry.
        let extra = try #require(Self.image.manifests.first?.descriptor.digest)
        try mirror.world.store("mirror.example/m/app").lose(extra)
        let found = try await verifier.verify(lock.images).filter { !$0.problems.isEmpty }
        #expect(found.map { $0.problems } == [[.childMissing(extra)], [.childMissing(extra)]])
    }

    @Test func `an exception is reported with its reason and its end`() async throws {
        let mirror = try await mirror(
            "{source: 'a.example/app:1.0', exception: {platforms: [linux/amd64], "
                + "reason: \"no arm64 yet\", until: 2026-12-31}}")
        let findings = try await verify(mirror).findings
        #expect(findings.map(\.id) == [.exceptionUsed])
        #expect(
            findings.first?.message
                == "only linux/amd64 required until 2026-12-31: no arm64 yet")
    }
}
