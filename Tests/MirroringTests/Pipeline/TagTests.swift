// SPDX-License-Identifier: Apache-2.0

import Content
import Lockfiles
import Mirroring
import OCI
import RegistryTestSupport
import Testing
import Validation

@Suite(.timeLimit(.minutes(10))) struct TagTests {
    private static let old = ImageBuilder().multiPlatform(seed: 1)
    private static let new = ImageBuilder().multiPlatform(seed: 2)

    @Test(arguments: [
        ("warn", ImageOutcome.Status.mirrored, ["warning tag-moved"]),
        ("reject", .rejected, ["error tag-moved"]), ("accept", .mirrored, []),
    ])
    func `a version tag that moved at the source is reported, rejected or accepted`(
        _ policy: String, _ status: ImageOutcome.Status, _ findings: [String]
    ) async throws {
        var mirror = try Mirror(["{source: 'a.example/app:1.0', moved: \(policy)}"])
        try await mirror.world.publish(Self.old, at: "a.example/app:1.0")
        try await mirror.sync()
        try await mirror.world.publish(Self.new, at: "a.example/app:1.0")
        _ = mirror.world.takeJournal()

        let run = try await mirror.sync()
        #expect(run.statuses == [status])
        #expect(run.findings.map { "\($0.severity.rawValue) \($0.id.rawValue)" } == findings)
        let isMirrored = status == .mirrored
        #expect(try mirror.entry("app").digest == (isMirrored ? Self.new : Self.old).digest)
        #expect(mirror.world.takeJournal().contains(where: \.operation.isPush) == isMirrored)
        #expect(run.updates[0].kept == (isMirrored ? [] : ["app"]))
    }

    @Test func `a floating tag moves without a finding, and its lock entry has no tag and no ref`()
        async throws
    {
        var mirror = try Mirror(["{source: 'a.example/app:latest', floating: true}"])
        try await mirror.world.publish(Self.old, at: "a.example/app:latest")
        try await mirror.sync()
        try await mirror.world.publish(Self.new, at: "a.example/app:latest")
        let run = try await mirror.sync()
        #expect(run.statuses == [.mirrored])
        #expect(run.findings.isEmpty)
        let entry = try mirror.entry("app")
        #expect(entry.tag == nil)
        #expect(entry.ref == nil)
        #expect(entry.targetTag?.name == "latest")
        #expect(try await mirror.digest("mirror.example/m/app:latest") == Self.new.digest)
    }

    @Test func `a digest is copied under its tag even if the tag has moved, with a warning`()
        async throws
    {
        var mirror = try Mirror(["a.example/app:1.0@\(Self.old.digest)"])
        try await mirror.world.publish(Self.old, at: "a.example/app:1.0")
        try await mirror.sync()
        _ = mirror.world.takeJournal()
        #expect(try await mirror.sync().findings.isEmpty)
        #expect(mirror.world.takeJournal().count == 2)

        try await mirror.world.publish(Self.new, at: "a.example/app:1.0")
        let run = try await mirror.sync()
        #expect(run.statuses == [.unchanged])
        #expect(run.findings.map(\.id) == [.tagMoved])
        #expect(try await mirror.digest("mirror.example/m/app:1.0") == Self.old.digest)
        let entry = try mirror.entry("app")
        #expect(entry.source == "a.example/app:1.0@\(Self.old.digest)")
        #expect(entry.tag?.name == "1.0")
    }

    @Test func `a digest without a tag is copied without a tag`() async throws {
        var mirror = try Mirror(["a.example/app@\(Self.old.digest)"])
        try await mirror.world.publish(Self.old, at: "a.example/app:other")
        #expect(try await mirror.sync().statuses == [.mirrored])
        let target = try mirror.world.store("mirror.example/m/app").memory
        #expect(try await target.tags().isEmpty)
        #expect(try await target.resolve(.digest(Self.old.digest)) != nil)
        let entry = try mirror.entry("app")
        #expect(entry.tag == nil)
        #expect(entry.pinned.description == "mirror.example/m/app@\(Self.old.digest)")
        _ = mirror.world.takeJournal()
        #expect(try await mirror.sync().statuses == [.unchanged])
        #expect(mirror.world.takeJournal().count == 2)
    }

    @Test func `the digest that a tag had before gets a retention tag right before the move`()
        async throws
    {
        var mirror = try Mirror(["a.example/app:1.0"])
        try await mirror.world.publish(Self.old, at: "a.example/app:1.0")
        try await mirror.sync()
        try await mirror.world.publish(Self.new, at: "a.example/app:1.0")
        _ = mirror.world.takeJournal()
        let run = try await mirror.sync()
        let kept = try Tag(parsing: "kept-\(Self.old.digest.hex)")
        #expect(
            mirror.world.takeJournal().map(\.operation).filter(\.isPush).suffix(2) == [
                .pushManifest(Self.old.digest, as: .tag(kept)),
                .pushManifest(Self.new.digest, as: .tag(try Tag(parsing: "1.0"))),
            ])
        #expect(run.report.outcomes[0].targets[0].receipt?.retentionTag == kept)
        #expect(try await mirror.digest("mirror.example/m/app:\(kept)") == Self.old.digest)
    }

    @Test func `no retention tag is written if disabled, or if the old digest no longer exists`()
        async throws
    {
        for settings in ["keepReplaced: false", ""] {
            var mirror = try Mirror(["a.example/app:1.0"], settings: settings)
            try await mirror.world.publish(Self.old, at: "mirror.example/m/app:1.0")
            try await mirror.world.publish(Self.new, at: "a.example/app:1.0")
            if settings.isEmpty {
                let target = try mirror.world.store("mirror.example/m/app").location
                let old = Self.old.digest
                mirror.world.intercept { event, _ in
                    guard event.location == target, event.operation == .fetchManifest(old) else {
                        return
                    }
                    throw ContentError(.missing, "it has just been deleted")
                }
            }
            #expect(try await mirror.sync().statuses == [.mirrored])
            let tags = try await mirror.world.store("mirror.example/m/app").memory.tags()
            #expect(tags.map(\.name) == ["1.0"])
        }
    }

    @Test func `an artifact is copied and locked without platform rules`()
        async throws
    {
        var mirror = try Mirror(["{source: 'a.example/chart:1.0', artifact: true}"])
        let chart = ImageBuilder().image(layers: [.random(size: 50, seed: 3)])
        try await mirror.world.publish(chart, at: "a.example/chart:1.0")
        let run = try await mirror.sync()
        #expect(run.statuses == [.mirrored])
        #expect(run.findings.isEmpty)
        #expect(try mirror.entry("chart").validation == .index)
        #expect(try mirror.entry("chart").platforms.isEmpty)
        #expect(try await mirror.sync().statuses == [.unchanged])
    }

    @Test func `a missing tag is reported with the existing ones`() async throws {
        var mirror = try Mirror(["a.example/app:1.3.0"])
        for tag in ["1.2.4", "1.3.0-rc1", "0.1.0"] {
            try await mirror.world.publish(Self.old, at: "a.example/app:\(tag)")
        }
        let run = try await mirror.sync()
        #expect(run.statuses == [.missing])
        #expect(run.report.outcomes[0].suggestedTags?.newestRelease?.name == "1.2.4")
        #expect(run.failures[0].hint?.contains("1.3.0-rc1") == true)
    }
}

@Suite(.timeLimit(.minutes(10))) struct ExceptionSyncTests {
    private static let amd64 = ImageBuilder().image(layers: [.random(size: 9, seed: 1)])

    private func mirror() async throws -> Mirror {
        let mirror = try Mirror([
            "{source: 'a.example/app:1.0', exception: {platforms: [linux/amd64], "
                + "reason: 'amd64 only', until: 2026-06-30}}"
        ])
        try await mirror.world.publish(Self.amd64, at: "a.example/app:1.0")
        return mirror
    }

    @Test func `an exception that ends soon is reported even if nothing changed`()
        async throws
    {
        var mirror = try await mirror()
        mirror.today = try #require(CalendarDay(parsing: "2026-06-01"))
        #expect(try await mirror.sync().findings.map(\.id) == [.exceptionUsed])
        let quiet = try await mirror.sync()
        #expect(quiet.statuses == [.unchanged])
        #expect(quiet.findings.map(\.severity) == [.note])

        mirror.today = try #require(CalendarDay(parsing: "2026-06-16"))
        let warned = try await mirror.sync()
        #expect(warned.statuses == [.unchanged])
        #expect(warned.findings.map(\.severity) == [.warning])
        #expect(
            warned.findings[0].message
                == "exception expires in 14 days, on 2026-06-30: amd64 only")
    }

    @Test func `an exception has no effect after its last day, and the lock entry stays`()
        async throws
    {
        var mirror = try await mirror()
        mirror.today = try #require(CalendarDay(parsing: "2026-06-30"))
        #expect(try await mirror.sync().statuses == [.mirrored])
        let entry = try mirror.entry("app")
        mirror.today = try #require(CalendarDay(parsing: "2026-07-01"))
        let run = try await mirror.sync()
        #expect(run.statuses == [.rejected])
        #expect(run.findings.contains { $0.id == .exceptionExpired })
        #expect(try mirror.entry("app") == entry)
        #expect(run.updates[0].kept == ["app"])
    }
}
