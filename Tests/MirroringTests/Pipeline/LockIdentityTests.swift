// SPDX-License-Identifier: Apache-2.0

import Content
import Lockfiles
import Mirroring
import OCI
import RegistryTestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct RemovedIDsTests {
    private static let digest = "sha256:" + String(repeating: "a", count: 64)

    /// Returns the errors for entries if a lock file has these IDs, each with its source.
    private func problems(_ entries: [String], lock ids: [String: String]) throws -> [String] {
        let digest = try Digest(parsing: Self.digest)
        let lock = Lockfile(
            inputs: digest, validation: nil,
            images: try ids.mapValues { source in
                let reference = try Reference(parsing: source)
                let name = Naming.name(of: reference.repository, style: .short)
                return LockedImage(
                    source: source, upstream: "\(reference.repository)@\(digest)",
                    repository: try Repository(parsing: "mirror.example/m/\(name)"),
                    tag: reference.tag, digest: digest, mediaType: .ociIndex, size: 1,
                    validation: .config, platforms: [:])
            })
        let text = Mirror.text(entries)
        let configuration = try ConfigurationFixture.load(text).configuration
        return configuration.removedIDs(
            of: [lock, lock], file: "mirror.yaml", text: Array(text.utf8)
        ).map {
            "\($0.line):\($0.column): \($0.headline)"
        }
    }

    private static func removed(_ id: String, _ line: Int, _ advice: String) -> String {
        "\(line):5: the lock file has the ID '\(id)', which this entry no longer produces; \(advice) "
            + "so that values files still find it"
    }

    @Test(
        arguments: [
            // A second tag is added for the name.
            (
                ["a.example/redis:7", "a.example/redis:8"], ["redis": "a.example/redis:7"],
                [removed("redis", 7, "add 'id: redis' to the entry")]
            ),
            // A second tag is added, and the first one changes in the same edit.
            (
                ["a.example/redis:7.1", "a.example/redis:8"], ["redis": "a.example/redis:7"],
                [removed("redis", 7, "add 'id: redis' to the entry")]
            ),
            // The entry becomes a list or a pattern.
            (
                ["{source: a.example/redis, tags: ['7', '8']}"], ["redis": "a.example/redis:7"],
                [removed("redis", 7, "add an entry for one tag with 'id: redis'")]
            ),
            (
                ["{source: a.example/redis, tags: {semver: '>=7'}}"],
                ["redis": "a.example/redis:7"],
                [removed("redis", 7, "add an entry for one tag with 'id: redis'")]
            ),
            // The other tag is removed, so its ID would pass to the remaining one.
            (
                ["a.example/redis:8"],
                ["redis": "a.example/redis:7", "redis-8": "a.example/redis:8"],
                [removed("redis-8", 7, "add 'id: redis-8' to the entry")]
            ),
            // The name changes.
            (
                ["{source: 'a.example/redis:7', name: cache}"], ["redis": "a.example/redis:7"],
                [removed("redis", 7, "add 'id: redis' to the entry")]
            ),
            // No ID is removed: a new tag, a kept ID, an explicit ID, a removed entry.
            (["a.example/redis:8"], ["redis": "a.example/redis:7"], []),
            (
                ["{source: 'a.example/redis:7', id: redis}", "a.example/redis:8"],
                ["redis": "a.example/redis:7"], []
            ),
            (["{source: 'a.example/redis:7', id: cache}"], ["redis": "a.example/redis:7"], []),
            (["a.example/other:1"], ["redis": "a.example/redis:7"], []),
            (
                ["{source: a.example/redis, tags: {semver: '>=7'}}"],
                ["redis-7-1": "a.example/redis:7.1"], []
            ),
            (
                ["{source: 'a.example/redis:7', name: a}"],
                ["a": "a.example/redis:7", "b": "a.example/redis:7"], []
            ),
        ] as [([String], [String: String], [String])])
    func `an ID that values files use is not replaced silently`(
        _ entries: [String], _ lock: [String: String], _ found: [String]
    ) throws {
        #expect(try problems(entries, lock: lock) == found)
    }
}

@Suite(.timeLimit(.minutes(10))) struct InputsTests {
    private func inputs(
        _ images: [String] = ["a.example/app:1.0", "b.example/tool:2.0"],
        to targets: [String] = ["one.example/m", "two.example/m"], settings: String = "",
        environment: [String: String] = [:], directory: String = "/repo"
    ) throws -> Digest {
        try Mirror(
            images, to: targets, settings: settings, environment: environment, directory: directory
        ).configuration.inputs
    }

    @Test func `settings that affect the lock file change the hash`() throws {
        let plain = try inputs()
        let others = [
            try inputs(settings: "platforms: [linux/amd64]"),
            try inputs(settings: "copy: required"), try inputs(settings: "referrers: none"),
            try inputs(to: ["one.example/m"]), try inputs(to: ["one.example/m", "two.example/n"]),
            try inputs(["a.example/app:1.0"]),
            try inputs(["a.example/app:1.1", "b.example/tool:2.0"]),
        ]
        let keys = [
            "name: x", "id: x", "floating: true", "requires: [/bin/sh]", "validation: index",
            "copy: required", "referrers: none", "artifact: true", "moved: reject",
            "exception: {platforms: [linux/amd64], reason: a}",
            "exception: {platforms: [linux/amd64], reason: b}",
            "exception: {platforms: [linux/amd64], reason: a, until: 2027-01-31}",
        ]
        let entries = try keys.map {
            try inputs(["{source: 'a.example/app:1.0', \($0)}", "b.example/tool:2.0"])
        }
        let patterns = try [
            "semver: '>=1'", "semver: '>=2'", "regex: a", "semver: '>=1', latest: 2",
        ]
        .map { try inputs(["{source: a.example/app, tags: {\($0)}}"]) }
        let all = [plain] + others + entries + patterns
        #expect(Set(all).count == all.count)
    }

    @Test func `settings that do not affect the lock file keep the hash`() throws {
        let plain = try inputs()
        #expect(try inputs(["b.example/tool:2.0", "a.example/app:1.0"]) == plain)
        #expect(try inputs(["{source: 'a.example/app:1.0'}", "b.example/tool:2.0"]) == plain)
        #expect(try inputs(settings: "platforms: [linux/arm64/v8, linux/amd64]") == plain)
        #expect(try inputs(settings: "keepReplaced: false") == plain)
        #expect(
            try inputs(
                settings: """
                    registries:
                      a.example: {plainHTTP: true, concurrency: 2,
                                  credentials: {username: u, password: "${P}"}}
                    """, environment: ["P": "secret"]) == plain)
    }

    @Test func `the values of variables do not affect the hash, but their names do`() throws {
        let prefixes = ["${REGISTRY}/m"]
        let one = try inputs(to: prefixes, environment: ["REGISTRY": "one.example"])
        #expect(try inputs(to: prefixes, environment: ["REGISTRY": "two.example"]) == one)
        #expect(try inputs(to: ["one.example/m"]) != one)
    }

    @Test func `the directory of the checkout is neither in the hash nor in the lock file`()
        async throws
    {
        let image = ImageBuilder().multiPlatform()
        var texts: Set<String> = []
        for directory in ["/repo", "/home/user/repo"] {
            var mirror = try Mirror(
                ["{source: 'oci:./images/app:1.0', name: app}"], to: ["m.example/m", "oci:out"],
                directory: directory)
            try await mirror.world.publish(
                image, at: .layout(directory: "\(directory)/images/app"),
                tag: try Tag(parsing: "1.0"))
            let run = try await mirror.sync()
            #expect(run.statuses == [.mirrored])
            texts.insert(run.updates[0].lock.text)
            let lock = run.updates[0].lock
            #expect(lock.images["app"]?.source == "oci:./images/app:1.0")
            #expect(lock.images["app"]?.upstream == "oci:./images/app@\(image.digest)")
            #expect(try await mirror.sync().statuses == [.unchanged])
            let copy = mirror.world.store(at: .layout(directory: "\(directory)/out/app")).memory
            #expect(copy.digests == image.digests)
        }
        #expect(texts.count == 1)
    }
}
