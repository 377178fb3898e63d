// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing

@testable import Registry

@Suite struct `Shared tokens` {
    private static let realm = "https://auth.docker.io/token"
    private static let shared =
        "\(realm)?service=registry.docker.io&scope=repository:o/a:pull&scope=repository:o/b:pull"
    private static let own = "\(realm)?service=registry.docker.io&scope=repository:o/a:pull"
    private static let manifest = "https://registry-1.docker.io/v2/o/a/manifests/1"
    private static let challenge = ScriptedResponse(
        401, ["WWW-Authenticate": "Bearer realm=\"\(realm)\",service=\"registry.docker.io\""])
    private static let found = ScriptedResponse(200, Sample.manifest.fields)

    private static func token(_ name: String) -> ScriptedResponse {
        ScriptedResponse(200, [:], #"{"token":"\#(name)","expires_in":300}"#)
    }

    /// Resolves a tag of `o/a` after `o/b` has been announced.
    private func resolve(_ exchanges: [Exchange], host: String = "docker.io") async throws -> Scene
    {
        let scene = try Scene(exchanges)
        try scene.network.expect(
            ["a", "b"].map { try Repository(parsing: "\(host)/o/\($0)") })
        let found = try await scene.repository("\(host)/o/a").resolve(.tag(Tag(parsing: "1")))
        #expect(found?.digest == Sample.manifest.digest)
        scene.wire.expectDone()
        return scene
    }

    @Test func `cover all repositories that will be read`() async throws {
        let scene = try await resolve([
            Exchange("HEAD \(Self.manifest)", Self.challenge),
            Exchange("GET \(Self.shared)", Self.token("both")),
            Exchange("HEAD \(Self.manifest)", Self.found),
        ])
        #expect(scene.wire.authorizations.last == "Bearer both")
    }

    @Test func `that are rejected for a repository are replaced by its own token`() async throws {
        let scene = try await resolve([
            Exchange("HEAD \(Self.manifest)", Self.challenge),
            Exchange("GET \(Self.shared)", Self.token("both")),
            Exchange("HEAD \(Self.manifest)", Self.challenge),
            Exchange("GET \(Self.own)", Self.token("own")),
            Exchange("HEAD \(Self.manifest)", Self.found),
        ])
        #expect(scene.wire.authorizations.last == "Bearer own")
    }

    @Test(arguments: [401, 403])
    func `that a server denies are not requested again`(status: Int) async throws {
        let scene = try await resolve([
            Exchange("HEAD \(Self.manifest)", Self.challenge),
            Exchange("GET \(Self.shared)", ScriptedResponse(status)),
            Exchange("GET \(Self.own)", Self.token("own")),
            Exchange("HEAD \(Self.manifest)", Self.found),
        ])
        #expect(scene.wire.authorizations.last == "Bearer own")
    }

    // cgr.dev responds 403 to a token of another repository, and some servers honor the first scope
    // only.
    @Test func `are requested only from registries that are known to issue them`() async throws {
        let url = "https://reg.test/v2/o/a/manifests/1"
        _ = try await resolve(
            [
                Exchange(
                    "HEAD \(url)",
                    ScriptedResponse(
                        401, ["WWW-Authenticate": "Bearer realm=\"https://reg.test/t\""])),
                Exchange(
                    "GET https://reg.test/t?scope=repository:o/a:pull", Self.token("own")),
                Exchange("HEAD \(url)", Self.found),
            ], host: "reg.test")
    }

    @Test func `cover twenty repositories each`() throws {
        var sharedScopes = SharedTokenScopes(isSupported: true)
        sharedScopes.expect((0..<45).map { "o/\($0)" })
        let sizes = (0..<45).map { sharedScopes.scopes(for: .pull("o/\($0)"))?.count }
        #expect(sizes == Array(repeating: 20, count: 40) + Array(repeating: 5, count: 5))
        #expect(sharedScopes.scopes(for: .push("o/1")) == nil)
        #expect(sharedScopes.scopes(for: .pull("o/99")) == nil)
    }
}
