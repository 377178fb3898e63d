// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct EndpointTests {
    private let image = ImageBuilder().multiPlatform()
    private let source = LoopbackRegistry()
    private let cache = LoopbackRegistry()
    private let target = LoopbackRegistry()

    private func sync() async throws -> Run {
        source.publish(image, repository: "library/app", tag: "1.0")
        let workspace = try Workspace(
            Mirror(
                from: ["{source: \"\(source.host)/library/app:1.0\", name: app}"],
                to: "\(target.host)/mirror", plain: [cache.host, target.host],
                registries: [source.host: "{plainHTTP: true, endpoints: [\"\(cache.host)\"]}"],
                further: ["referrers: none"]
            ).text)
        return try await workspace.run("sync")
    }

    @Test func `content is read from the endpoint, and only the tag from the registry`()
        async throws
    {
        cache.publish(image, repository: "library/app")
        let run = try await sync()
        #expect(run.status == 0, "\(run.said)")
        #expect(target.tags(of: "mirror/app") == ["1.0": image.digest])
        #expect(source.requests.asked == ["HEAD /v2/library/app/manifests/1.0"])
        #expect(cache.requests.allSatisfy { $0.method == .get })
    }

    @Test func `an endpoint without the content costs only its requests`() async throws {
        let run = try await sync()
        #expect(run.status == 0, "\(run.said)")
        #expect(target.tags(of: "mirror/app") == ["1.0": image.digest])
        #expect(target.violations.isEmpty)
    }

    @Test func `an endpoint that denies access is used once`() async throws {
        cache.inject(.on(nil, "*", .answer(ScriptedResponse(403))))
        let run = try await sync()
        #expect(run.status == 0, "\(run.said)")
        #expect(target.tags(of: "mirror/app") == ["1.0": image.digest])
        #expect(cache.requests.asked.filter { $0 != "GET /v2/" }.count == 1)
    }
}
