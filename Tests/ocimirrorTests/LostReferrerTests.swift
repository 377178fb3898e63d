// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// Referrers that garbage collection has deleted, at docker-registry.
@Suite(.timeLimit(.minutes(10))) struct `lost referrers` {
    private static let parts = "application/spdx+json"
    private static let signature = "application/vnd.dev.cosign.artifact.sig.v1+json"
    private let source = LoopbackRegistry()
    private let builder = ImageBuilder()
    private let image = ImageBuilder().multiPlatform(seed: 910)

    private var tag: String { "sha256-\(image.digest.hex).sig" }

    /// An image with an SBOM of the index, a signature of the SBOM, and a cosign tag.
    private func mirrored(
        to target: DockerRegistry
    ) async throws -> (workspace: Workspace, sbom: BuiltImage, signature: BuiltImage) {
        source.publish(image, repository: "app", tag: "1.0")
        let sbom = builder.artifact(Self.parts, "sbom", about: image.root.descriptor)
        let signature = builder.artifact(
            Self.signature, "signature of the sbom", about: sbom.root.descriptor)
        for referrer in [sbom, signature] { source.publish(referrer, repository: "app") }
        source.publish(
            builder.artifact(Self.signature, "cosign", about: nil), repository: "app", tag: tag)
        let workspace = try Workspace(
            Mirror(
                from: ["\"\(source.host)/app:1.0\""], to: "\(target.host)/mirror",
                plain: [source.host, target.host]
            ).text)
        let run = try await workspace.run("sync")
        try #require(run.status == 0, "\(run.said)")
        return (workspace, sbom, signature)
    }

    private func expectEverything(at target: DockerRegistry, _ sbom: BuiltImage) async throws {
        let reader = SignatureReader(host: target.host, repository: "mirror/app")
        #expect(try await reader.content(of: image.digest, Self.parts) == ["sbom"])
        #expect(
            try await reader.content(of: sbom.digest, Self.signature) == ["signature of the sbom"])
        #expect(try await reader.content(underTag: tag) == "cosign")
    }

    @Test func `are found by verify after garbage collection, and repaired`() async throws {
        let target = try await DockerRegistry.start()
        let (workspace, sbom, signature) = try await mirrored(to: target)
        let before = workspace.lock
        for referrer in [sbom, signature] {
            #expect(before.contains("- {digest: \"\(referrer.digest)\"}"), "\(before)")
        }
        #expect(before.contains(", tag: \"\(tag)\"}"), "\(before)")
        #expect(try await workspace.run("verify").status == 0)

        try await target.collectGarbage()
        let run = try await workspace.run("verify")
        #expect(run.status == 1, "\(run.said)")
        for referrer in [sbom, signature] {
            #expect(
                run.output.contains("error: referrer \(referrer.digest.short) is missing"),
                "\(run.said)")
        }
        let repair = try await workspace.run("verify", "--repair")
        #expect(repair.status == 0, "\(repair.said)")
        #expect(
            repair.output.contains("repaired: referrer \(sbom.digest.short) is missing"),
            "\(repair.said)")
        try await expectEverything(at: target, sbom)
        #expect(workspace.lock == before)
        #expect(try await workspace.run("verify").status == 0)
    }

    @Test func `are copied again by a run that refreshes referrers`() async throws {
        let target = try await DockerRegistry.start()
        let (workspace, sbom, _) = try await mirrored(to: target)
        let before = workspace.lock
        try await target.collectGarbage()
        let run = try await workspace.run("sync", "--refresh-referrers")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("repaired"), "\(run.said)")
        #expect(run.output.contains("2 referrers"), "\(run.said)")
        try await expectEverything(at: target, sbom)
        #expect(workspace.lock == before)
    }

    @Test func `are removed from the target's list if it is full`()
        async throws
    {
        var traits = RegistryTraits()
        traits.listsReferrers = false
        let target = LoopbackRegistry(traits)
        source.publish(image, repository: "app", tag: "1.0")
        let own = builder.artifact("application/own", "own", about: image.root.descriptor)
        target.publish(image, repository: "mirror/app")
        target.publish(
            builder.index([.unlabelled(own)]), repository: "mirror/app",
            tag: "sha256-\(image.digest.hex)")
        try await delete(own, from: target)
        let sbom = builder.artifact(Self.parts, "sbom", about: image.root.descriptor)
        source.publish(sbom, repository: "app")
        let workspace = try workspace(for: target)
        let run = try await workspace.run("sync")
        #expect(run.status == 0 && !run.output.contains("warning"), "\(run.said)")
        let reader = SignatureReader(host: target.host, repository: "mirror/app")
        #expect(try await reader.content(of: image.digest, nil) == ["sbom"])

        // A list that lost its entry is repaired as well.
        target.publish(
            builder.index([]), repository: "mirror/app", tag: "sha256-\(image.digest.hex)")
        let verify = try await workspace.run("verify", "--repair")
        #expect(verify.status == 0, "\(verify.said)")
        #expect(
            verify.output.contains("repaired: referrer \(sbom.digest.short) is not listed for"),
            "\(verify.said)")
        #expect(try await reader.content(of: image.digest, nil) == ["sbom"])
    }

    private func workspace(for target: LoopbackRegistry) throws -> Workspace {
        try Workspace(
            Mirror(
                from: ["\"\(source.host)/app:1.0\""], to: "\(target.host)/mirror",
                plain: [source.host, target.host]
            ).text)
    }

    private func delete(_ artifact: BuiltImage, from target: LoopbackRegistry) async throws {
        let url = "http://\(target.host)/v2/mirror/app/manifests/\(artifact.digest)"
        let result = try await SpawnedProcess.run(
            "curl", ["--silent", "--fail", "--request", "DELETE", url])
        #expect(result.status == 0)
    }

    @Test func `are in the keep list`() async throws {
        let target = try await DockerRegistry.start()
        let (workspace, sbom, signature) = try await mirrored(to: target)
        let run = try await workspace.run("export", "keep-list", "images.lock.yaml")
        for referrer in [sbom, signature] {
            #expect(run.output.contains("\(target.host)/mirror/app@\(referrer.digest)\n"))
        }
        let prune = try await workspace.run("prune")
        #expect(prune.output.contains("0 tags can be removed"), "\(prune.said)")
    }

    @Test func `are found even if the target still lists them`() async throws {
        let target = LoopbackRegistry()
        source.publish(image, repository: "app", tag: "1.0")
        let sbom = builder.artifact(Self.parts, "sbom", about: image.root.descriptor)
        source.publish(sbom, repository: "app")
        let workspace = try workspace(for: target)
        #expect(try await workspace.run("sync").status == 0)
        target.inject(.on(.head, "/manifests/\(sbom.digest)", hits: 1...2, .answer(404)))
        let run = try await workspace.run("verify")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("referrer \(sbom.digest.short) is missing"), "\(run.said)")
        target.forgetRequests()
        let refresh = try await workspace.run("sync", "--refresh-referrers")
        #expect(refresh.output.contains("1 referrer"), "\(refresh.said)")
        #expect(target.requests.count(of: .manifestPut) == 1)
    }
}
