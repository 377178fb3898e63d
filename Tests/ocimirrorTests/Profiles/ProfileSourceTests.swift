// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// All emulated registries as the source.
@Suite(.timeLimit(.minutes(10))) struct `a source` {
    private let target = LoopbackRegistry()
    private let image = ImageBuilder().layered(top: 1)

    /// Returns a registry with an image, and a workspace that mirrors it.
    private func begin(
        _ kind: StageKind, _ mode: ProfileMode = .calm, _ path: String = "open/app",
        login: Login = .none
    ) async throws -> (stage: any Stage, workspace: Workspace) {
        let stage = try await kind.make(mode)
        try await stage.publish(image, at: path, tag: "1.0")
        let workspace = try stage.workspace(
            from: ["\(stage.name)/\(path):1.0"], to: "\(target.host)/mirror", plain: [target.host],
            login: login)
        return (stage, workspace)
    }

    private var isMirrored: Bool { target.tags(of: "mirror/open-app")["1.0"] == image.digest }

    @Test(arguments: StageKind.allCases)
    func `is read once, with blobs from the redirect target without credentials`(
        kind: StageKind
    ) async throws {
        let (stage, workspace) = try await begin(kind)
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(isMirrored && target.violations.isEmpty)
        #expect(stage.successes[.manifestHead] == 1)
        #expect(stage.successes[.manifestGet] == 3)
        #expect(stage.successes[.blobGet] == image.blobs.count)
        #expect(stage.successes[.storageGet] == image.blobs.count)
        // Listing Azure's tags, which contain signatures, requires a separate action.
        #expect(stage.successes[.token, default: 0] <= (kind == .acr ? 2 : 1))
        #expect(stage.misplacedCredentials.isEmpty)
        #expect(stage.requests.filter { $0.kind == .token }.allSatisfy { !$0.isAuthorized })
    }

    @Test(arguments: StageKind.allCases)
    func `receives one request without changes`(kind: StageKind) async throws {
        let (stage, workspace) = try await begin(kind)
        #expect(try await workspace.run("sync").status == 0)
        stage.forgetRequests()
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("1 unchanged"))
        var successes = stage.successes
        #expect(successes.removeValue(forKey: .manifestHead) == 1)
        successes[.token] = nil
        #expect(successes.isEmpty, "nothing but the question, and a token for it")
    }

    @Test(arguments: StageKind.allCases)
    func `serves only the changed layer`(kind: StageKind) async throws {
        let (stage, workspace) = try await begin(kind)
        #expect(try await workspace.run("sync").status == 0)
        let changed = ImageBuilder().layered(top: 2)
        try await stage.publish(changed, at: "open/app", tag: "1.0")
        stage.forgetRequests()
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(target.tags(of: "mirror/open-app")["1.0"] == changed.digest)
        let new = Set(changed.blobs.keys).subtracting(image.blobs.keys)
        let read = stage.requests.of(.storageGet).map { request in
            new.filter { request.path.contains($0.hex) }.count
        }
        #expect(read == Array(repeating: 1, count: new.count))
        #expect(stage.misplacedCredentials.isEmpty)
    }

    @Test(arguments: StageKind.allCases)
    func `serves private images only with credentials`(kind: StageKind)
        async throws
    {
        let (stage, workspace) = try await begin(kind, .calm, "shut/app", login: .right)
        let run = try await workspace.run("sync", "--verbose")
        #expect(run.status == 0, "\(run.said)")
        #expect(target.tags(of: "mirror/shut-app")["1.0"] == image.digest)
        #expect(stage.misplacedCredentials.isEmpty)
        #expect(!run.said.contains(stage.login.password))

        let stranger = try stage.workspace(
            from: ["\(stage.name)/shut/app:1.0"], to: "\(target.host)/other", plain: [target.host],
            login: .none)
        let rejected = try await stranger.run("sync")
        #expect(rejected.status == 77, "\(rejected.said)")
        #expect(rejected.output.contains("may be private or missing"), "\(rejected.said)")
        #expect(target.tags(of: "other/shut-app").isEmpty)
    }

    @Test(arguments: StageKind.allCases)
    func `serves public images without the rejected credentials`(kind: StageKind)
        async throws
    {
        let (stage, workspace) = try await begin(kind, login: .wrong)
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(isMirrored)
        // nginx serves public content without verifying credentials.
        if kind != .nginx { #expect(run.errors.contains("read anonymously"), "\(run.said)") }
        #expect(!run.said.contains("canary-wrong"))
        #expect(stage.misplacedCredentials.isEmpty)

        let (other, shut) = try await begin(kind, .calm, "shut/app", login: .wrong)
        let rejected = try await shut.run("sync")
        #expect(rejected.status == 77, "\(rejected.said)")
        #expect(rejected.output.contains("source"))
        #expect(other.misplacedCredentials.isEmpty)
        #expect(other.requests.count { $0.isAuthorized && $0.kind == .token } <= 2)
    }

    @Test(arguments: StageKind.allCases, [ProfileMode.throttled, .flaky])
    func `is read despite temporary faults`(kind: StageKind, mode: ProfileMode) async throws {
        let (stage, workspace) = try await begin(kind, mode)
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(isMirrored && target.violations.isEmpty)
        let rejected = stage.requests.count { $0.status == nil || $0.status ?? 0 >= 403 }
        let broken = stage.requests.of(.storageGet).count > image.blobs.count
        #expect(rejected > 0 || broken, "the day was bad")
        #expect(stage.misplacedCredentials.isEmpty)
    }

    @Test(arguments: StageKind.allCases)
    func `that throttles all requests ends the run with a hint to retry later`(
        kind: StageKind
    ) async throws {
        let (stage, workspace) = try await begin(kind, .exhausted)
        // GHCR's limit lasts minutes, so only a nightly job waits.
        let run = try await workspace.run(
            arguments: kind == .ghcr ? ["check", "\(stage.name)/open/app:1.0"] : ["sync"])
        #expect(run.status == 75, "\(run.said)")
        #expect(target.tags(of: "mirror/open-app").isEmpty)
        #expect(stage.requests.count < 20)
    }
}
