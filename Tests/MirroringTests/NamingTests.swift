// SPDX-License-Identifier: Apache-2.0

import Mirroring
import OCI
import Testing

@Suite struct `Names and lock ids` {
    @Test(arguments: [
        ("redis", "redis", "redis"), ("grafana/grafana", "grafana", "grafana/grafana"),
        ("temporalio/server", "temporalio-server", "temporalio/server"),
        ("quay.io/a/b/c", "a-b-c", "a/b/c"), ("quay.io/x/x/x", "x-x-x", "x/x/x"),
        ("quay.io/library/app", "app", "app"), ("mcr.io/library/x/x", "x", "x/x"),
    ])
    func `a name is derived from the path of the repository`(
        _ repository: String, _ short: String, _ path: String
    ) throws {
        let repository = try Repository(parsing: repository)
        #expect(Naming.name(of: repository, style: .short) == short)
        #expect(Naming.name(of: repository, style: .path) == path)
    }

    static let digest = "sha256:0123456789abcdef" + String(repeating: "0", count: 48)

    @Test(arguments: [
        (["postgres:16"], ["postgres"]),
        (["redis:7.2.5", "redis:7.4.1"], ["redis-7-2-5", "redis-7-4-1"]),
        (["{source: redis:7, id: redis}", "redis:8"], ["redis", "redis-8"]),
        (["{source: redis, tags: [v1.2_A]}"], ["redis-v1-2-a"]),
        (["{source: redis:7, name: team/r.x}"], ["team/r.x"]),
        (
            ["{source: redis:7, name: team/r}", "{source: x:8, name: team/r}"],
            ["team-r-7", "team-r-8"]
        ),
        (["redis@\(digest)"], ["redis"]),
        (["redis@\(digest)", "redis:7"], ["redis-0123456789ab", "redis-7"]),
        (["{source: redis, tags: {regex: '7.*'}}", "redis:8"], ["redis-8"]),
    ])
    func `a lock id is the name, or name and tag if entries share the name`(
        _ entries: [String], _ ids: [String]
    ) throws {
        let images = try load(entries).configuration.images
        #expect(Naming(images: images).knownImages(in: images).map(\.lockID) == ids)
    }

    @Test func `the id of a listed tag is derived in the same way`() throws {
        let images = try load(["{source: redis, tags: {semver: '>=7'}}"]).configuration.images
        let named = Naming(images: images).namedImage(
            for: images[0], tag: try Tag(parsing: "7.4.1-RC"))
        #expect(named.lockID == "redis-7-4-1-rc")
        #expect(named.target.description == "redis:7.4.1-RC")
    }

    @Test(arguments: [
        (
            ["redis:7", "docker.io/library/redis:7"],
            "5:5: duplicate target redis:7: lines 4 and 5"
        ),
        (
            ["redis:7", "{source: redis, tags: [7]}"],
            "5:5: duplicate target redis:7: lines 4 and 5"
        ),
        (["a/b:1", "quay.io/a-b:1"], "5:5: duplicate target a-b:1: lines 4 and 5"),
        (
            ["redis:7", "{source: x:8, id: redis}"],
            "5:5: duplicate lock id 'redis': lines 4 and 5"
        ),
        (
            ["redis:7", "{source: x, tags: {regex: a, latest: 1}, id: redis}"],
            "5:5: duplicate lock id 'redis': lines 4 and 5"
        ),
        (
            ["{source: redis, tags: [1.0]}", "redis:1-0"],
            "5:5: duplicate lock id 'redis-1-0': lines 4 and 5"
        ),
        (
            ["redis@\(digest)", "redis@\(digest)"],
            "5:5: duplicate lock id 'redis-0123456789ab': lines 4 and 5"
        ),
    ])
    func `images that would overwrite each other are reported with both lines`(
        _ entries: [String], _ problem: String
    ) {
        do throws(ConfigurationErrors) {
            _ = try load(entries)
            Issue.record("there is no problem")
        } catch {
            let problems = error.diagnostics.map { "\($0.line):\($0.column): \($0.message)" }
            #expect(problems == [problem])
        }
    }

    @Test func `a third image is compared with the first one that has the tag`() throws {
        let images = try load(["redis:7"]).configuration.images
        let image = Naming(images: images).namedImage(for: images[0], tag: try Tag(parsing: "7"))
        let collisions = Naming.collisions(among: [image, image, image])
        #expect(collisions.count == 2)
        #expect(collisions.allSatisfy { $0.first == image })
    }

    private func load(_ entries: [String]) throws(ConfigurationErrors) -> LoadedConfiguration {
        try ConfigurationFixture.load(
            ConfigurationFixture.image(entries.joined(separator: "\n  - ")))
    }
}
