// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// Targets that respond to every mount with an upload session, as the specification allows.
@Suite(.timeLimit(.minutes(10))) struct `A target that mounts nothing` {
    private let source = LoopbackRegistry()
    private let target = Self.withoutMounts()
    private let base = Layer.random(size: 30_000, seed: 1)
    private let small = Layer.random(size: 5000, seed: 4)
    private let large = Layer.random(size: 900_000, seed: 2)

    private static func withoutMounts() -> LoopbackRegistry {
        var traits = RegistryTraits()
        traits.mountsBlobs = false
        return LoopbackRegistry(traits)
    }

    private func image(_ layers: [Layer], _ revision: String) -> BuiltImage {
        let settings = ImageBuilder.Settings(labels: ["revision": revision])
        return ImageBuilder().index(
            [Platform.linuxAMD64, .linuxARM64].map {
                .image(ImageBuilder().image($0, layers: layers, settings: settings))
            })
    }

    private func configuration(_ images: [String], to targets: [LoopbackRegistry]) -> String {
        let lines =
            ["version: 1", "validation: config", "referrers: none", "targets:"]
            + targets.enumerated().map { "  - {prefix: \($1.host)/mirror, lock: \($0).lock.yaml}" }
            + ["registries:"]
            + ([source] + targets).map { "  \"\($0.host)\": {plainHTTP: true}" }
            + ["images:"] + images.map { "  - \"\(source.host)/\($0)\"" }
        return lines.joined(separator: "\n") + "\n"
    }

    private func sync(_ workspace: Workspace) async throws {
        for registry in [source, target] { registry.forgetRequests() }
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(target.violations.isEmpty && target.openUploads == 0)
    }

    private func sent(_ registry: LoopbackRegistry) -> Int {
        registry.requests.of(.uploadCommit).reduce(0) { $0 + $1.receivedBytes }
    }

    @Test func `costs two requests for each blob if it is empty`() async throws {
        let image = image([base, large], "1")
        source.publish(image, repository: "app", tag: "1.0")
        try await sync(try Workspace(configuration(["app:1.0"], to: [target])))
        let tally = target.requests.tally
        #expect(tally[.mount] == image.blobs.count && tally[.uploadCommit] == image.blobs.count)
        #expect(tally[.blobHead] == nil && tally[.uploadCancel] == nil)
        #expect(tally[.uploadStart] == nil)
    }

    // The large layer belongs to another tag, so the replaced image does not reference it.
    @Test(arguments: [204, 405])
    func `receives only missing blobs when an image changes`(cancelled: Int) async throws {
        source.publish(image([base], "1"), repository: "app", tag: "1.0")
        source.publish(image([base, large], "2"), repository: "app", tag: "2.0")
        let workspace = try Workspace(configuration(["app:1.0", "app:2.0"], to: [target]))
        try await sync(workspace)
        if cancelled != 204 { target.inject(.on(.delete, "/uploads/*", .answer(cancelled))) }
        let changed = image([base, large], "3")
        source.publish(changed, repository: "app", tag: "1.0")
        for registry in [source, target] { registry.forgetRequests() }
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(target.tags(of: "mirror/app")["1.0"] == changed.digest)
        let tally = target.requests.tally
        #expect(tally[.mount] == 1 && tally[.uploadCancel] == 1)
        #expect(tally[.uploadCommit] == 2, "the two image configs")
        #expect(sent(target) < 3000)
        #expect(source.requests.of(.blobGet).allSatisfy { $0.sentBytes < 3000 })
    }

    @Test func `receives only changed blobs of a new version`() async throws {
        source.publish(image([base, large], "1"), repository: "app", tag: "1.0")
        let workspace = try Workspace(configuration(["app:1.0"], to: [target]))
        try await sync(workspace)
        let next = image([base, large], "2")
        source.publish(next, repository: "app", tag: "1.1")
        try workspace.configure(configuration(["app:1.1"], to: [target]))
        try await sync(workspace)
        #expect(target.tags(of: "mirror/app")["1.1"] == next.digest)
        #expect(target.requests.count(of: .uploadCommit) == 2, "the two image configs")
        #expect(sent(target) < 3000)
    }

    @Test func `does not affect requests to another target`() async throws {
        let mounting = LoopbackRegistry()
        source.publish(image([base], "1"), repository: "app", tag: "1.0")
        source.publish(image([base, large], "2"), repository: "app", tag: "2.0")
        let workspace = try Workspace(
            configuration(["app:1.0", "app:2.0"], to: [target, mounting]))
        try await sync(workspace)
        source.publish(image([base, large], "3"), repository: "app", tag: "1.0")
        mounting.forgetRequests()
        try await sync(workspace)
        for registry in [target, mounting] {
            #expect(registry.requests.count(of: .uploadCommit) == 2)
            #expect(sent(registry) < 3000)
        }
        #expect(target.requests.count(of: .mount) == 1)
        #expect(mounting.requests.count(of: .blobHead, .uploadCancel) == 0)
        // The probe, the large layer, and the two image configs.
        #expect(mounting.requests.count(of: .mount) == 4)
    }

    @Test func `receives a layer once for each repository without it`() async throws {
        let names = ["one", "two", "three"]
        for name in names { source.publish(image([base], name), repository: name, tag: "1.0") }
        let workspace = try Workspace(configuration(names.map { "\($0):1.0" }, to: [target]))
        try await sync(workspace)
        for name in names {
            source.publish(image([base, large], "\(name) 2"), repository: name, tag: "1.0")
        }
        try await sync(workspace)
        #expect(target.requests.count(of: .uploadCancel) == 1, "one probe for the registry")
        let commits = target.requests.of(.uploadCommit).filter { $0.receivedBytes > 100_000 }
        #expect(Set(commits.compactMap(\.repository)).count == 3 && commits.count == 3)
        #expect(target.requests.of(.uploadCommit).allSatisfy { $0.receivedBytes != 30_000 })
    }

    @Test(arguments: [true, false])
    func `receives blobs that the replaced image lists but that are missing`(mounts: Bool)
        async throws
    {
        let target = mounts ? LoopbackRegistry() : self.target
        let extra = Layer.random(size: 20_000, seed: 3)
        source.publish(image([base, extra], "1"), repository: "app", tag: "1.0")
        let workspace = try Workspace(configuration(["app:1.0"], to: [target]))
        #expect(try await workspace.run("sync").status == 0)
        for layer in [base, extra] { target.removeBlob(layer.digest, from: "mirror/app") }
        let changed = image([base, extra, large], "2")
        source.publish(changed, repository: "app", tag: "1.0")
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(target.tags(of: "mirror/app")["1.0"] == changed.digest)
        #expect(Set(changed.blobs.keys).isSubset(of: target.blobs(of: "mirror/app").keys))
    }

    // Harbor and Nexus use other error codes.
    @Test(arguments: [RegistryFailure.manifestInvalid, .nameUnknown])
    func `receives missing blobs, whatever error code reports them`(failure: RegistryFailure)
        async throws
    {
        source.publish(image([small, base], "1"), repository: "app", tag: "1.0")
        let workspace = try Workspace(configuration(["app:1.0"], to: [target]))
        try await sync(workspace)
        target.removeBlob(base.digest, from: "mirror/app")
        let changed = image([small, base, large], "2")
        source.publish(changed, repository: "app", tag: "1.0")
        target.inject(.on(.put, "/manifests/*", hits: 1...1, .answer(failure)))
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(target.tags(of: "mirror/app")["1.0"] == changed.digest)
        #expect(target.blobs(of: "mirror/app")[base.digest] == 30_000)
    }
}
