// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import StrictJSON
import Testing

@Suite(.timeLimit(.minutes(10))) struct NewRepositoryTests {
    private let image = ImageBuilder().multiPlatform()
    private let source = LoopbackRegistry()

    /// Mirrors one image to a target with one user.
    private func sync(to target: LoopbackRegistry, _ options: String...) async throws -> Run {
        source.publish(image, repository: "app", tag: "1.0")
        let workspace = try Workspace(
            Mirror(
                from: ["\"\(source.host)/app:1.0\""], to: "\(target.host)/mirror",
                plain: [source.host],
                registries: [
                    target.host:
                        "{plainHTTP: true, credentials: {username: ci, password: canary-51}}"
                ]
            ).text)
        return try await workspace.run(arguments: ["sync"] + options)
    }

    private func target(_ policy: @escaping TokenIssuer.Policy) -> LoopbackRegistry {
        LoopbackRegistry(
            authentication: .bearer(TokenIssuer(users: ["ci": "canary-51"], policy: policy)))
    }

    @Test func `a private one is reported, with a hint`()
        async throws
    {
        let target = target(TokenIssuer.usersOnly)
        let run = try await sync(to: target)
        #expect(run.status == 0, "\(run.said)")
        #expect(
            run.output.contains(
                "1 new repository at \(target.host) is not public"))
        #expect(run.output.contains("give clusters a pull secret"))
    }

    @Test func `a public one is not reported`() async throws {
        let run = try await sync(to: target(TokenIssuer.publicPulls), "--json")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains(#""public": true"#) || run.output.contains(#""public":true"#))
        #expect(!run.said.contains("cannot be pulled"))
    }

    @Test func `A19 a target that denies the existence check is still written`() async throws {
        let target = LoopbackRegistry()
        target.inject(.on(.head, "/mirror/app/manifests/1.0", hits: 1...1, .answer(403)))
        let run = try await sync(to: target)
        #expect(run.status == 0, "\(run.said)")
        #expect(target.tags(of: "mirror/app") == ["1.0": image.digest])
    }

    @Test func `A19 a target that denies writes too is not reported as a missing image`()
        async throws
    {
        let target = LoopbackRegistry()
        target.inject(.on(.head, "/mirror/app/manifests/1.0", .answer(403)))
        target.inject(.on(.post, "/blobs/uploads/", .answer(403)))
        let run = try await sync(to: target)
        #expect(run.status == 77, "\(run.said)")
        #expect(!run.said.contains("does not exist"))
    }
}
