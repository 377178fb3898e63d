// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import StrictJSON
import Testing

/// Comparisons of a mirror with its lock file, at a real registry.
@Suite(.timeLimit(.minutes(10))) struct `verify` {
    private static func mirrored(
        _ image: BuiltImage
    ) async throws -> (workspace: Workspace, target: DockerRegistry, source: LoopbackRegistry) {
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
        return (workspace, target, source)
    }

    @Test func `finds everything as the lock file says`() async throws {
        let (workspace, target, _) = try await Self.mirrored(ImageBuilder().multiPlatform(seed: 1))
        let before = target.requests.count
        let run = try await workspace.run("verify")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("app  OK"))
        #expect(run.output.hasSuffix("1 OK\n"))
        let asked = target.requests.dropFirst(before)
        #expect(asked.allSatisfy { $0.method == .head || $0.path.contains("/manifests/") })
        let document = try await workspace.run("verify", "--json").json
        #expect(
            document.keys == ["schema", "command", "exitCode", "findings", "notLocked", "locks"])
        let lock = document["locks"]?.elements.first
        #expect(lock?.keys == ["path", "images"])
        #expect(
            lock?["images"]?.elements.first?.keys == [
                "id", "repository", "digest", "problems", "repaired", "findings", "objectsChecked",
                "failure",
            ])
    }

    @Test func `finds a moved tag`() async throws {
        let (workspace, target, _) = try await Self.mirrored(ImageBuilder().multiPlatform(seed: 1))
        let other = ImageBuilder().multiPlatform(seed: 2)
        try await Skopeo.publish(other, at: "mirror/app:1.0", of: target)
        let run = try await workspace.run("verify")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("tag 1.0 now points to \(other.digest.short)"))
        #expect(run.output.contains("1 drifted"))
    }

    @Test func `finds a blob that is missing in the registry`() async throws {
        let image = ImageBuilder().multiPlatform(seed: 1)
        let (workspace, target, _) = try await Self.mirrored(image)
        let lost = try #require(image.blobs.keys.sorted().first)
        try await workspace.shell(
            "rm -r \(target.folder.path)/storage/docker/registry/v2/blobs/sha256/"
                + "\(lost.hex.prefix(2))/\(lost.hex)")
        let run = try await workspace.run("verify")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("blob \(lost.short) not found"))
    }

    @Test func `repairs blobs that are missing in the registry`() async throws {
        let image = ImageBuilder().multiPlatform(seed: 1)
        let (workspace, target, source) = try await Self.mirrored(image)
        defer { withExtendedLifetime(source) {} }
        let lost = try #require(image.blobs.keys.sorted().first)
        try await workspace.shell(
            "rm -r \(target.folder.path)/storage/docker/registry/v2/blobs/sha256/"
                + "\(lost.hex.prefix(2))/\(lost.hex)")
        let before = workspace.lock
        let run = try await workspace.run("verify", "--repair")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("repaired: blob \(lost.short) not found"))
        #expect(run.output.hasSuffix("0 OK, 1 repaired\n"))
        #expect(workspace.lock == before)
        let again = try await workspace.run("verify")
        #expect(again.status == 0, "\(again.said)")
    }

    @Test func `reports drift even if the source throttles`() async throws {
        let (workspace, target, source) = try await Self.mirrored(
            ImageBuilder().multiPlatform(seed: 1))
        try await Skopeo.publish(
            ImageBuilder().multiPlatform(seed: 2), at: "mirror/app:1.0", of: target)
        source.inject(
            .on(nil, "/manifests/*", .answer(.tooManyRequests, headers: ["Retry-After": "3600"])))
        let run = try await workspace.run("verify", "--source")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("1 drifted"))
    }

    @Test func `reports a tag that lost its index, and repairs it`() async throws {
        let image = ImageBuilder().multiPlatform(seed: 1)
        let (workspace, target, source) = try await Self.mirrored(image)
        defer { withExtendedLifetime(source) {} }
        let place = "docker://\(target.host)/mirror/app"
        let child = image.manifests[0].descriptor.digest
        try await Skopeo().copy(
            "\(place)@\(child)", to: "\(place):1.0", "--src-tls-verify=false",
            "--dest-tls-verify=false")
        let run = try await workspace.run("verify")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("a single image for linux/amd64 instead of the index"))
        let repair = try await workspace.run("verify", "--repair")
        #expect(repair.status == 0, "\(repair.said)")
    }

    @Test(
        arguments: [("ZGV2OnNlY3JldA==", Int32(0)), ("ZGV2OnBsYWNlaG9sZGVy", 77), ("", 77)])
    func `needs only a pull secret`(
        _ secret: String, _ status: Int32
    ) async throws {
        let source = LoopbackRegistry()
        let target = LoopbackRegistry(
            authentication: .basic(user: "dev", password: "secret"))
        source.publish(ImageBuilder().multiPlatform(seed: 1), repository: "app", tag: "1.0")
        var workspace = try Workspace(
            Mirror(
                from: ["\(source.host)/app:1.0"], to: "\(target.host)/mirror",
                plain: [source.host],
                registries: [
                    target.host: "{plainHTTP: true, credentialsOverHTTP: true, "
                        + "credentials: {username: dev, password: \"${PASSWORD}\"}}"
                ]
            ).text)
        workspace.environment["PASSWORD"] = "secret"
        let sync = try await workspace.run("sync")
        try #require(sync.status == 0, "\(sync.said)")
        let auths =
            secret.isEmpty
            ? "" : "\"\(target.host)\": {\"auth\": \"\(secret)\"}"
        try workspace.folder.write("{\"auths\": {\(auths)}}", to: "pull-secret.json")
        let run = try await workspace.run("verify", "--auth-file", "pull-secret.json")
        #expect(run.status == status, "\(run.said)")
        let both = try await workspace.run(
            "verify", "--repair", "--auth-file", "pull-secret.json")
        #expect(both.status == 64, "\(both.said)")
    }

    @Test func `requires a lock file`() async throws {
        let workspace = try Workspace(
            Mirror(from: ["busybox:1.36"], to: "example.com/mirror").text)
        let run = try await workspace.run("verify")
        #expect(run.status == 78)
        #expect(run.errors.contains("cannot read 'images.lock.yaml': lock file not found"))
        #expect(run.errors.contains("hint: run 'ocimirror sync' first"))
    }
}
