// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// All emulated registries as the target.
@Suite(.timeLimit(.minutes(10))) struct `a target` {
    private let source = LoopbackRegistry()
    private let image = ImageBuilder().layered(top: 1)

    private func begin(
        _ kind: StageKind, _ mode: ProfileMode = .calm, login: Login = .right
    ) async throws -> (stage: any Stage, workspace: Workspace) {
        let stage = try await kind.make(mode)
        source.publish(image, repository: "app", tag: "1.0")
        let workspace = try stage.workspace(
            from: ["\(source.host)/app:1.0"], to: "\(stage.name)/mirror", plain: [source.host],
            login: login)
        return (stage, workspace)
    }

    @Test(arguments: StageKind.allCases)
    func `receives blobs, then child manifests, then the tag, each once`(kind: StageKind)
        async throws
    {
        let (stage, workspace) = try await begin(kind)
        let run = try await workspace.run("sync", "--verbose")
        #expect(run.status == 0, "\(run.said)")
        #expect(try await stage.digest(of: "mirror/app", tag: "1.0") == image.digest.description)
        let successes = stage.successes
        #expect(successes[.uploadCommit] == image.blobs.count)
        #expect(successes[.manifestPut] == 3)
        let written = stage.requests.filter {
            [.uploadCommit, .manifestPut].contains($0.kind) && $0.status == 201
        }
        #expect(written.prefix(image.blobs.count).allSatisfy { $0.kind == .uploadCommit })
        #expect(written.last?.path.hasSuffix("/manifests/1.0") == true)
        let isInPatches = [.dockerHub, .acr].contains(kind)
        #expect(successes[.uploadChunk, default: 0] == (isInPatches ? image.blobs.count : 0))
        #expect(stage.misplacedCredentials.isEmpty)
        #expect(!run.said.contains(stage.login.password))
        #expect(source.requests.count(of: .blobGet) == image.blobs.count)
    }

    @Test(arguments: StageKind.allCases)
    func `receives one HEAD request without changes, and no write`(kind: StageKind)
        async throws
    {
        let (stage, workspace) = try await begin(kind)
        #expect(try await workspace.run("sync").status == 0)
        stage.forgetRequests()
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        var successes = stage.successes
        #expect(successes.removeValue(forKey: .manifestHead) == 1)
        successes[.token] = nil
        #expect(successes.isEmpty)
    }

    @Test(arguments: StageKind.allCases)
    func `receives only the changed layer, and keeps the previous digest`(kind: StageKind)
        async throws
    {
        let (stage, workspace) = try await begin(kind)
        #expect(try await workspace.run("sync").status == 0)
        let changed = ImageBuilder().layered(top: 2)
        source.publish(changed, repository: "app", tag: "1.0")
        stage.forgetRequests()
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(
            try await stage.digest(of: "mirror/app", tag: "1.0") == changed.digest.description)
        #expect(
            try await stage.digest(of: "mirror/app", tag: "kept-\(image.digest.hex)")
                == image.digest.description)
        let new = Set(changed.blobs.keys).subtracting(image.blobs.keys)
        #expect(stage.successes[.uploadCommit] == new.count)
        #expect(stage.successes[.manifestPut] == 4, "two children, the kept tag, the tag")
    }

    @Test(arguments: StageKind.allCases, [Login.none, .wrong])
    func `that rejects the credentials receives nothing, and is reported`(
        kind: StageKind, login: Login
    )
        async throws
    {
        let (stage, workspace) = try await begin(kind, login: login)
        let run = try await workspace.run("sync")
        #expect(run.status == 77, "\(run.said)")
        #expect(run.output.contains("target") && run.output.contains(stage.name))
        #expect(!run.said.contains("canary-wrong"))
        #expect(stage.successes.keys.allSatisfy { [.token, .manifestHead, .ping].contains($0) })
        #expect(stage.misplacedCredentials.isEmpty)
        #expect(!workspace.lock.contains(image.digest.description))
    }

    @Test(arguments: StageKind.allCases, [ProfileMode.throttled, .flaky])
    func `receives the image despite temporary faults`(kind: StageKind, mode: ProfileMode)
        async throws
    {
        let (stage, workspace) = try await begin(kind, mode)
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(try await stage.digest(of: "mirror/app", tag: "1.0") == image.digest.description)
        let rejected = stage.requests.count { $0.status == nil || $0.status ?? 0 >= 404 }
        #expect(rejected > 0, "the day was bad")
        #expect(stage.misplacedCredentials.isEmpty)
    }
}
