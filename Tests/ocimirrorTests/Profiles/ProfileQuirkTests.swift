// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// Behavior of a single registry.
@Suite(.timeLimit(.minutes(10))) struct `quirks` {
    private let source = LoopbackRegistry()
    private let image = ImageBuilder().layered(top: 1)

    private func workspace(
        _ stage: ProfileStage, to path: String = "mirror", _ settings: String? = nil
    ) throws -> Workspace {
        source.publish(image, repository: "app", tag: "1.0")
        var workspace = try stage.workspace(
            from: ["\(source.host)/app:1.0"], to: "\(stage.name)/\(path)", plain: [source.host])
        let mirror = Mirror(
            from: ["\"\(source.host)/app:1.0\""], to: "\(stage.name)/\(path)", plain: [source.host],
            registries: settings.map { [stage.name: $0] } ?? [:])
        try workspace.configure(mirror.text)
        workspace.environment["OCIMIRROR_JOBS"] = "1"
        return workspace
    }

    @Test func `Docker Hub counts manifest pulls, and the run ends at the limit`() async throws {
        let stage = try await ProfileStage(DockerHub(allowance: 2), .calm)
        stage.publish(image, at: "open/app", tag: "1.0")
        let target = LoopbackRegistry()
        let workspace = try stage.workspace(
            from: ["docker.io/open/app:1.0"], to: "\(target.host)/mirror", plain: [target.host],
            login: .none)
        let run = try await workspace.run("sync")
        #expect(run.status == 75, "\(run.said)")
        #expect(run.output.contains("pull rate limit reached"), "\(run.said)")
        // One of the two children exceeds the limit, and the other one can be canceled.
        #expect(stage.successes[.manifestGet, default: 0] <= 2)
        #expect(target.tags(of: "mirror/open-app").isEmpty)
        #expect(target.violations.isEmpty)
    }

    @Test func `Docker Hub reports pulls remaining, and check shows them`() async throws {
        let stage = try await ProfileStage(DockerHub(allowance: 100), .calm)
        stage.publish(image, at: "open/app", tag: "1.0")
        let workspace = try stage.workspace(
            from: ["docker.io/open/app:1.0"], to: "oci:./mirror", plain: [], login: .none)
        let run = try await workspace.run("check", "--validation", "config", "open/app:1.0")
        #expect(run.status == 0, "\(run.said)")
        let spent = stage.successes[.manifestGet, default: 0]
        #expect(
            run.output.hasSuffix("docker.io: \(spent) pulls used, \(100 - spent) remaining\n"),
            "\(run.said)")
    }

    @Test func `Docker Hub issues one token for all repositories of a run`() async throws {
        let stage = try await ProfileStage(DockerHub(), .calm)
        let names = (1...5).map { "app-\($0)" }
        for name in names { stage.publish(image, at: "open/\(name)", tag: "1.0") }
        let target = LoopbackRegistry()
        let workspace = try stage.workspace(
            from: names.map { "docker.io/open/\($0):1.0" } + ["docker.io/shut/app:1.0"],
            to: "\(target.host)/mirror", plain: [target.host], login: .none)
        let run = try await workspace.run("sync")
        #expect(run.status == 77, "what is private stays so: \(run.said)")
        #expect(run.output.contains("5 mirrored"), "\(run.said)")
        // One for all, and another one to find out whether the private repository was only omitted.
        #expect(stage.successes[.token] == 2, "\(stage.requests.of(.token))")
    }

    @Test func `nginx is used with HTTP/2, except for the bodies of blobs`() async throws {
        let stage = try await StageKind.nginx.make()
        source.publish(image, repository: "app", tag: "1.0")
        let workspace = try stage.workspace(
            from: ["\(source.host)/app:1.0"], to: "\(stage.name)/mirror", plain: [source.host])
        #expect(try await workspace.run("sync").status == 0)
        func versions(_ kinds: RequestClass...) -> Set<String> {
            Set(
                stage.requests.filter { kinds.contains($0.kind) }.compactMap {
                    $0.headers["Version"]
                })
        }
        #expect(versions(.manifestPut) == ["HTTP/2.0"])
        #expect(versions(.uploadCommit) == ["HTTP/1.1"])
    }

    @Test func `Docker Hub's reserved pulls are not used`() async throws {
        let stage = try await ProfileStage(DockerHub(allowance: 10), .calm)
        stage.publish(image, at: "open/app", tag: "1.0")
        let target = LoopbackRegistry()
        let workspace = try stage.workspace(
            from: [], to: "\(target.host)/mirror", plain: [target.host], login: .none)
        try workspace.configure(
            Mirror(
                from: ["docker.io/open/app:1.0"], to: "\(target.host)/mirror", plain: [target.host],
                registries: ["docker.io": "{reservePulls: 10}"]
            ).text)
        let run = try await workspace.run("sync")
        #expect(run.status == 75, "\(run.said)")
        #expect(stage.successes[.manifestGet] == nil)
    }

    @Test func `Quay hides missing repositories from users who can create them`() async throws {
        let stage = try await ProfileStage(
            Quay(users: [ProfileStage.user: ProfileStage.password]), .calm)
        let run = try await workspace(stage).run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(stage.requests.contains { $0.kind == .manifestHead && $0.status == 401 })
        #expect(!run.said.contains("rejected"), "\(run.said)")
    }

    @Test func `Quay lists tags in pages of 100, the oldest first`() async throws {
        let stage = try await ProfileStage(Quay(), .calm)
        for number in (0..<250).reversed() {
            stage.publish(image, at: "open/app", tag: "1.\(number)")
        }
        let target = LoopbackRegistry()
        let workspace = try stage.workspace(
            from: [], to: "\(target.host)/mirror", plain: [target.host], login: .none)
        try workspace.configure(
            Mirror(
                from: ["{source: quay.io/open/app, tags: {semver: \"1.x\", latest: 1}}"],
                to: "\(target.host)/mirror", plain: [target.host], further: ["referrers: none"]
            ).text)
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(Array(target.tags(of: "mirror/open-app").keys) == ["1.249"])
        #expect(stage.successes[.tagListing] == 3)
    }

    @Test func `GHCR makes new packages private, which is reported`() async throws {
        let stage = try await ProfileStage(
            GHCR(users: [ProfileStage.user: ProfileStage.password]), .calm)
        let run = try await workspace(stage).run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(
            run.output.contains("1 new repository at ghcr.io is not public"))
    }

    @Test func `Azure rejects a large PUT before it is read, which is remembered`() async throws {
        let stage = try await ProfileStage(
            ACR(users: [ProfileStage.user: ProfileStage.password], putLimit: 2500), .calm)
        let run = try await workspace(stage, to: "mirror", "{upload: put}").run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(stage.registry.tags(of: "mirror/app")["1.0"] == image.digest)
        #expect(stage.requests.of(.uploadCommit).count { $0.status == 413 } == 1)
        #expect(stage.successes[.uploadChunk, default: 0] > 0)
    }

    @Test func `Azure requires a separate action for listing tags`() async throws {
        let stage = try await ProfileStage(
            ACR(users: [ProfileStage.user: ProfileStage.password]), .calm)
        stage.publish(image, at: "shut/app", tag: "1.0")
        let workspace = try stage.workspace(
            from: [], to: "\(source.host)/mirror", plain: [source.host])
        try workspace.configure(
            Mirror(
                from: ["{source: \(stage.name)/shut/app, tags: {regex: \"1.*\"}}"],
                to: "\(source.host)/mirror", plain: [source.host], further: ["referrers: none"]
            ).text)
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(stage.requests.of(.tagListing).map(\.status) == [401, 200])
        #expect(stage.misplacedCredentials.isEmpty)
    }
}
