// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

@Suite struct `the quirks of Harbor` {
    private let source = LoopbackRegistry()
    private let images = (1...2).map { ImageBuilder().layered(top: $0) }

    private func begin() async throws -> (
        harbor: Harbor, stage: ProfileStage, workspace: Workspace
    ) {
        let harbor = Harbor(users: [ProfileStage.user: ProfileStage.password])
        let stage = try await ProfileStage(harbor, .calm)
        source.publish(images[0], repository: "app", tag: "1.0")
        let workspace = try stage.workspace(
            from: ["\(source.host)/app:1.0"], to: "\(stage.name)/mirror", plain: [source.host])
        return (harbor, stage, workspace)
    }

    @Test func `that blocks pulls keeps an unchanged image, and gets a changed one`() async throws {
        let (harbor, stage, workspace) = try await begin()
        #expect(try await workspace.run("sync").status == 0)
        harbor.blockPulls()
        stage.forgetRequests()
        let unchanged = try await workspace.run("sync")
        #expect(unchanged.status == 0, "\(unchanged.said)")
        #expect(unchanged.output.contains("1 unchanged"), "\(unchanged.said)")
        #expect(unchanged.output.contains("target-blocks-pulls"), "\(unchanged.said)")
        #expect(unchanged.output.contains("86 vulnerabilities"), "\(unchanged.said)")
        #expect(stage.requests.count(of: .manifestPut, .uploadStart, .mount) == 0)
        #expect(stage.requests.filter { $0.status == 412 }.map(\.method) == [.head, .get])

        source.publish(images[1], repository: "app", tag: "1.0")
        let changed = try await workspace.run("sync")
        #expect(changed.status == 0, "\(changed.said)")
        #expect(changed.output.contains("1 mirrored"), "\(changed.said)")
        let tags = stage.registry.tags(of: "mirror/app")
        #expect(tags["1.0"] == images[1].digest)
        #expect(tags["kept-\(images[0].digest.hex)"] == images[0].digest)
        #expect(workspace.lock.contains(images[1].digest.description))
    }

    @Test func `whose quota is exceeded does not report credentials`() async throws {
        let (harbor, stage, workspace) = try await begin()
        harbor.fill()
        let run = try await workspace.run("sync")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.output.contains("storage quota exceeded (403)"), "\(run.said)")
        #expect(run.output.contains("raise the storage quota"), "\(run.said)")
        #expect(stage.requests.count(of: .manifestPut) == 0)
    }

    @Test func `reports a tag that is immutable`() async throws {
        let (harbor, stage, workspace) = try await begin()
        #expect(try await workspace.run("sync").status == 0)
        harbor.freeze("1.0")
        source.publish(images[1], repository: "app", tag: "1.0")
        let run = try await workspace.run("sync")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.output.contains("immutable"), "\(run.said)")
        #expect(stage.registry.tags(of: "mirror/app")["1.0"] == images[0].digest)
    }

    @Test func `counts the content of referrers in their sizes, and they are copied`()
        async throws
    {
        let stage = try await ProfileStage(Harbor(), .calm)
        stage.publish(images[0], at: "open/app", tag: "1.0")
        let parts = ImageBuilder().artifact(
            "application/test", "parts", about: images[0].root.descriptor)
        stage.registry.publish(parts, repository: "open/app")
        let target = LoopbackRegistry()
        let workspace = try stage.workspace(
            from: ["\(stage.name)/open/app:1.0"], to: "\(target.host)/mirror",
            plain: [target.host], login: .none)
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(target.manifests(of: "mirror/open-app")[parts.digest] != nil, "\(run.said)")
    }
}

@Suite struct `the quirks of Nexus` {
    private let image = ImageBuilder().layered(top: 1)

    @Test func `is read by GET where HEAD does not find a listed tag`() async throws {
        let stage = try await ProfileStage(Nexus(), .calm)
        stage.publish(image, at: "open/app", tag: "1.0")
        let target = LoopbackRegistry()
        let workspace = try stage.workspace(
            from: ["\(stage.name)/open/app:1.0"], to: "\(target.host)/mirror",
            plain: [target.host], login: .none)
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(target.tags(of: "mirror/open-app")["1.0"] == image.digest)
        let missing = try await workspace.run("check", "\(stage.name)/open/app:1.1")
        #expect(missing.status == 1, "\(missing.said)")
        #expect(missing.output.contains("use an existing tag, such as 1.0"), "\(missing.said)")
    }

    @Test func `has an unchanged image as the lock file says`() async throws {
        let stage = try await ProfileStage(
            Nexus(users: [ProfileStage.user: ProfileStage.password]), .calm)
        let source = LoopbackRegistry()
        source.publish(image, repository: "app", tag: "1.0")
        let workspace = try stage.workspace(
            from: ["\(source.host)/app:1.0"], to: "\(stage.name)/mirror", plain: [source.host])
        let first = try await workspace.run("sync")
        #expect(first.status == 0, "\(first.said)")
        stage.forgetRequests()
        let second = try await workspace.run("sync")
        #expect(second.output.contains("1 unchanged"), "\(second.said)")
        #expect(stage.requests.count(of: .manifestPut, .uploadStart, .mount) == 0)
        let verify = try await workspace.run("verify")
        #expect(verify.status == 0, "\(verify.said)")
    }
}
