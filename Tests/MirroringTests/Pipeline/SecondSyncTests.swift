// SPDX-License-Identifier: Apache-2.0

import Content
import Hashing
import Lockfiles
import Mirroring
import OCI
import RegistryTestSupport
import Testing
import Validation

@Suite(.timeLimit(.minutes(10))) struct SecondSyncTests {
    @Test func `a second run sends one request to the source and one to each target`()
        async throws
    {
        var mirror = try Mirror(
            ["a.example/app:1.0", "b.example/app:2.0"], to: ["one.example/m", "two.example/m"])
        try await mirror.world.publish(
            ImageBuilder().multiPlatform(seed: 1), at: "a.example/app:1.0")
        try await mirror.world.publish(
            ImageBuilder().multiPlatform(seed: 2), at: "b.example/app:2.0")
        let first = try await mirror.sync()
        #expect(first.statuses == [.mirrored, .mirrored])
        let texts = first.updates.map(\.lock.text)
        _ = mirror.world.takeJournal()

        let second = try await mirror.sync()
        #expect(second.statuses == [.unchanged, .unchanged])
        #expect(second.updates.map(\.lock.text) == texts)
        let journal = mirror.world.takeJournal()
        #expect(
            journal.map(\.described).sorted() == [
                "a.example/app resolve 1.0", "b.example/app resolve 2.0",
                "one.example/m/app resolve 1.0", "one.example/m/app resolve 2.0",
                "two.example/m/app resolve 1.0", "two.example/m/app resolve 2.0",
            ])
    }

    @Test
    func `an image that a target has but its lock file does not is validated from the target`()
        async throws
    {
        var mirror = try Mirror(["a.example/app:1.0"])
        let image = ImageBuilder().multiPlatform()
        try await mirror.world.publish(image, at: "a.example/app:1.0")
        try await mirror.world.publish(image, at: "mirror.example/m/app:1.0")

        let run = try await mirror.sync()
        #expect(run.statuses == [.validated])
        let journal = mirror.world.takeJournal()
        let source = try mirror.world.store("a.example/app").location
        // Only referrers are listed at the source, which costs no pull.
        for event in journal where event.location == source {
            switch event.operation {
            case .resolve, .referrers, .tags: break
            default: Issue.record("\(event.described)")
            }
        }
        #expect(journal.allSatisfy { !$0.operation.isPush })
        #expect(try mirror.entry("app").digest == image.digest)
        #expect(try mirror.entry("app").platforms.keys.sorted() == [.linuxAMD64, .linuxARM64])
    }

    enum Lack: CaseIterable {
        case level
        case platform
        case source
        case digest
        case upstream
        case tag
        case nothing

        func apply(to entry: inout LockedImage) {
            switch self {
            case .level: entry.validation = .index
            case .platform: entry.platforms[.linuxARM64] = nil
            case .source: entry.source = "a.example/old:1.0"
            case .digest: entry.digest = .of([])
            case .upstream: entry.upstream = "a.example/app@\(Digest.of([]))"
            case .tag: entry.tag = nil
            case .nothing: break
            }
        }
    }

    @Test(arguments: Lack.allCases)
    func `an image whose lock entry covers less than required is validated again from the target`(
        _ lack: Lack
    ) async throws {
        var mirror = try Mirror(["a.example/app:1.0"])
        try await mirror.world.publish(ImageBuilder().multiPlatform(), at: "a.example/app:1.0")
        try await mirror.sync()
        let whole = try mirror.entry("app")
        var less = whole
        lack.apply(to: &less)
        mirror.locks["/repo/0.lock.yaml"]?.images["app"] = less
        _ = mirror.world.takeJournal()

        let run = try await mirror.sync()
        #expect(run.statuses == [lack == .nothing ? .unchanged : .validated])
        #expect(try mirror.entry("app") == whole)
        #expect(mirror.world.takeJournal().allSatisfy { !$0.operation.isPush })
    }

    @Test func `a lock entry of another repository does not cover this one`() async throws {
        var mirror = try Mirror(["{source: 'a.example/app:1.0', id: x}"])
        let image = ImageBuilder().multiPlatform()
        try await mirror.world.publish(image, at: "a.example/app:1.0")
        try await mirror.sync()
        try await mirror.world.publish(image, at: "mirror.example/m/other:1.0")
        try mirror.configure(["{source: 'a.example/app:1.0', id: x, name: other}"])

        #expect(try await mirror.sync().statuses == [.validated])
        #expect(try mirror.entry("x").repository.description == "mirror.example/m/other")
    }

    @Test func `a target that has the index but lost a child is copied to again`() async throws {
        var mirror = try Mirror(["a.example/app:1.0"])
        let image = ImageBuilder().multiPlatform()
        try await mirror.world.publish(image, at: "a.example/app:1.0")
        let target = try mirror.world.store("mirror.example/m/app")
        try await mirror.world.publish(image, at: "mirror.example/m/app:1.0")
        let lost = image.manifests[0].descriptor.digest
        target.lose(lost)

        #expect(try await mirror.sync().statuses == [.repaired])
        let pushed = mirror.world.takeJournal().filter(\.operation.isPush).map(\.operation)
        #expect(
            pushed == [
                .pushManifest(lost, as: .digest(lost)),
                .pushManifest(image.digest, as: .tag(try Tag(parsing: "1.0"))),
            ])
        #expect(try mirror.entry("app").digest == image.digest)
    }

    @Test func `a target that cannot be read is reported and does not stop another one`()
        async throws
    {
        var mirror = try Mirror(
            ["a.example/app:1.0"], to: ["one.example/m", "two.example/m", "three.example/m"])
        let image = ImageBuilder().multiPlatform()
        for place in ["a.example/app:1.0", "one.example/m/app:1.0", "two.example/m/app:1.0"] {
            try await mirror.world.publish(image, at: place)
        }
        let broken = try mirror.world.store("one.example/m/app").location
        mirror.world.intercept { event, _ in
            guard event.location == broken, case .fetchManifest = event.operation else { return }
            throw ContentError(.unavailable, "disk failure")
        }
        let run = try await mirror.sync()
        #expect(run.statuses == [.failed])
        #expect(run.report.outcomes[0].targets.map { $0.failure != nil } == [true, false, false])
        #expect(run.report.outcomes[0].targets.map { $0.lockEntry != nil } == [false, true, true])
        #expect(try await mirror.digest("three.example/m/app:1.0") == image.digest)
    }
}
