// SPDX-License-Identifier: Apache-2.0

import Content
import Lockfiles
import Mirroring
import OCI
import RegistryTestSupport
import Testing

/// A lock entry is removed only if no configuration entry produces its ID any more.
@Suite(.timeLimit(.minutes(10))) struct LockUpdateTests {
    private static let pattern = "{source: a.example/app, tags: {semver: '>=1', latest: 2}}"
    private static let other = "{source: a.example/app, tags: {regex: '0.*'}, name: old}"

    /// Returns a mirror that has run once, with images selected by two patterns and one by name.
    private func mirror() async throws -> Mirror {
        var mirror = try Mirror([Self.pattern, Self.other, "b.example/tool:1.0"])
        for (number, tag) in ["1.0.0", "1.1.0", "0.1"].enumerated() {
            try await mirror.world.publish(
                ImageBuilder().multiPlatform(seed: UInt64(number)), at: "a.example/app:\(tag)")
        }
        try await mirror.world.publish(
            ImageBuilder().multiPlatform(seed: 8), at: "b.example/tool:1.0")
        try await mirror.sync()
        #expect(ids(mirror) == ["app-1-0-0", "app-1-1-0", "old-0-1", "tool"])
        _ = mirror.world.takeJournal()
        return mirror
    }

    private func ids(_ mirror: Mirror) -> [String] {
        (try? mirror.lock().images.keys.sorted()) ?? []
    }

    @Test func `an image that fails, is rejected or is missing keeps its lock entry`() async throws
    {
        var mirror = try await mirror()
        let lock = try mirror.lock()
        mirror.world.intercept { event, _ in
            if case .resolve = event.operation { throw ContentError(.unavailable, "no connection") }
        }
        let run = try await mirror.sync()
        #expect(run.statuses.allSatisfy { $0 == .failed })
        #expect(try mirror.lock() == lock)
        #expect(
            run.updates[0].kept.sorted() == ["app-1-0-0", "app-1-1-0", "old-0-1", "tool"])
        #expect(run.updates[0].dropped.isEmpty)
    }

    @Test func `a failed listing keeps all lock entries of its configuration entries`() async throws
    {
        var mirror = try await mirror()
        let lock = try mirror.lock()
        mirror.world.intercept { event, _ in
            if case .tags = event.operation { throw ContentError(.unavailable, "no connection") }
        }
        let run = try await mirror.sync()
        #expect(run.report.problems.count == 2)
        #expect(try mirror.lock() == lock)
    }

    @Test(arguments: [["tool"], ["app"], ["old"], ["app-1-1-0"], ["old*"]])
    func `an image that is not selected keeps its lock entry`(_ ids: [String]) async throws {
        var mirror = try await mirror()
        let lock = try mirror.lock()
        let run = try await mirror.sync(ids)
        #expect(!run.report.outcomes.isEmpty)
        #expect(try mirror.lock() == lock)
    }

    @Test func `the lock entry of a listed tag that is no longer selected is removed`() async throws
    {
        var mirror = try await mirror()
        try await mirror.world.publish(
            ImageBuilder().multiPlatform(seed: 5), at: "a.example/app:1.2.0")
        let run = try await mirror.sync()
        #expect(ids(mirror) == ["app-1-1-0", "app-1-2-0", "old-0-1", "tool"])
        #expect(run.updates[0].dropped == ["app-1-0-0"])
    }

    @Test func `a pattern that temporarily selects nothing keeps its lock entries`() async throws {
        var mirror = try await mirror()
        let lock = try mirror.lock()
        // Every tag is still listed, but no version matches.
        try mirror.configure([
            "{source: a.example/app, tags: {semver: '>=7'}}", Self.other, "b.example/tool:1.0",
        ])
        let run = try await mirror.sync()
        #expect(run.report.problems.count == 1)
        #expect(try mirror.lock().images == lock.images)
    }

    @Test func `a tag that was deleted at the source keeps its lock entry`() async throws {
        let before = try await mirror()
        // A second world, whose source has fewer tags, with the same lock file.
        var after = try Mirror([Self.pattern, "b.example/tool:1.0"])
        after.locks = before.locks
        try await after.world.publish(
            ImageBuilder().multiPlatform(seed: 1), at: "a.example/app:1.1.0")
        try await after.sync()
        #expect(ids(after) == ["app-1-0-0", "app-1-1-0", "tool"])
    }

    @Test func `removing a configuration entry removes its lock entries`() async throws {
        var mirror = try await mirror()
        try mirror.configure([Self.pattern])
        let run = try await mirror.sync()
        #expect(ids(mirror) == ["app-1-0-0", "app-1-1-0"])
        #expect(run.updates[0].dropped == ["old-0-1", "tool"])
    }

    @Test
    func `an image that fails in its first run has no lock entry and is not reported as kept`()
        async throws
    {
        var mirror = try Mirror(["a.example/gone:1.0"])
        let run = try await mirror.sync()
        #expect(run.updates[0].kept.isEmpty)
        #expect(try mirror.lock().images.isEmpty)
    }

    @Test func `a lock file records the achieved and the configured validation level`() async throws
    {
        let mirror = try await mirror()
        #expect(try mirror.lock().validation == .config)
        #expect(try mirror.lock().inputs == mirror.configuration.inputs)
        #expect(try mirror.entry("tool").validation == .config)
    }

    @Test func `platforms that differ only in their OS version are one platform in the lock file`()
        async throws
    {
        var mirror = try Mirror(["a.example/app:1.0"])
        let builder = ImageBuilder()
        let windows = ["10.0.17763.1", "10.0.20348.1"].map {
            builder.image(
                Platform(os: "windows", architecture: "amd64", osVersion: $0), layers: [])
        }
        let image = builder.index(
            [.image(builder.image(layers: [])), .image(builder.image(.linuxARM64, layers: []))]
                + windows.map { .image($0) })
        try await mirror.world.publish(image, at: "a.example/app:1.0")
        #expect(try await mirror.sync().statuses == [.mirrored])
        #expect(
            try mirror.entry("app").platforms.keys.map(\.description).sorted() == [
                "linux/amd64", "linux/arm64", "windows/amd64",
            ])
        #expect(
            try mirror.entry("app").platforms[try Platform(parsing: "windows/amd64")]?.digest
                == windows[0].digest)
    }
}
