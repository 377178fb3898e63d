// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import StrictJSON
import Testing

/// The mirror compared with its lock, at a real registry.
@Suite struct `verify` {
    private static func mirrored(
        _ image: BuiltImage
    ) async throws -> (workspace: Workspace, target: DockerRegistry) {
        let source = LoopbackRegistry()
        let target = try await DockerRegistry.start()
        source.publish(image, repository: "app", tag: "1.0")
        let workspace = try Workspace(
            Mirror(
                from: ["\(source.host)/app:1.0"], to: "\(target.host)/mirror",
                plain: [source.host, target.host]
            ).text)
        let run = try await workspace.run("sync")
        try #require(run.status == 0, "\(run.said)")
        return (workspace, target)
    }

    @Test func `finds everything as locked`() async throws {
        let (workspace, target) = try await Self.mirrored(ImageBuilder().multiPlatform(seed: 1))
        let before = target.requests.count
        let run = try await workspace.run("verify")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("app  as locked"))
        #expect(run.output.hasSuffix("1 as locked\n"))
        let asked = target.requests.dropFirst(before)
        #expect(asked.allSatisfy { $0.method == .head || $0.path.contains("/manifests/") })
        let document = try await workspace.run("verify", "--json").json
        #expect(document.keys == ["schema", "command", "exitCode", "locks"])
        let lock = document["locks"]?.elements.first
        #expect(lock?.keys == ["path", "images"])
        #expect(
            lock?["images"]?.elements.first?.keys == [
                "id", "repository", "digest", "problems", "seen", "failure",
            ])
    }

    @Test func `finds a tag that has moved`() async throws {
        let (workspace, target) = try await Self.mirrored(ImageBuilder().multiPlatform(seed: 1))
        let other = ImageBuilder().multiPlatform(seed: 2)
        try await Skopeo.publish(other, at: "mirror/app:1.0", of: target)
        let run = try await workspace.run("verify")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("tag 1.0 now stands for \(other.digest.short)"))
        #expect(run.output.contains("1 drifted"))
    }

    @Test func `finds a blob that the registry lost`() async throws {
        let image = ImageBuilder().multiPlatform(seed: 1)
        let (workspace, target) = try await Self.mirrored(image)
        let lost = try #require(image.blobs.keys.sorted().first)
        try await workspace.shell(
            "rm -r \(target.folder.path)/storage/docker/registry/v2/blobs/sha256/"
                + "\(lost.hex.prefix(2))/\(lost.hex)")
        let run = try await workspace.run("verify")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("the blob \(lost.short) is gone"))
    }

    @Test func `wants a lock`() async throws {
        let workspace = try Workspace(
            Mirror(from: ["busybox:1.36"], to: "example.com/mirror").text)
        let run = try await workspace.run("verify")
        #expect(run.status == 78)
        #expect(run.errors.contains("cannot read 'images.lock.yaml': there is no lock yet"))
        #expect(run.errors.contains("hint: run 'ocimirror sync' first"))
    }
}
