// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing
import TextSafety

@testable import Registry

/// The realm is an arbitrary URL in a registry's challenge.
@Suite struct RealmTests {
    @Test(
        arguments: [
            ("https://reg.test/token", "reg.test", [], true, true),
            ("https://x.test/token", "reg.test", [], true, false),
            ("https://x.test/token", "reg.test", ["x.test"], true, true),
            ("https://x.test:8443/token", "reg.test", ["x.test"], true, false),
            ("https://x.test:8443/token", "reg.test", ["x.test:8443"], true, true),
            ("https://auth.docker.io/token", "docker.io", [], true, true),
            ("https://auth.docker.io/token", "reg.test", [], true, false),
            ("https://auth.docker.io.evil.org/token", "docker.io", [], true, false),
            ("https://gitlab.com/jwt/auth", "registry.gitlab.com", [], true, true),
            ("http://reg.test/token", "reg.test", [], false, false),
            ("http://x.test/token", "reg.test", ["x.test"], false, false),
            ("file:///etc/hostname", "reg.test", [], false, false),
            ("https://u:p@reg.test/token", "reg.test", [], false, false),
            ("https://reg.test/token#x", "reg.test", [], false, false),
            ("/token", "reg.test", [], false, false),
            ("https://0x7f.1/", "reg.test", [], false, false),
        ] as [(String, String, [String], Bool, Bool)])
    func `A05 A15 credentials are sent only to token servers of the registry`(
        realm: String, host: String, tokenHosts: [String], isAsked: Bool, isTrusted: Bool
    ) throws {
        let registry = try RegistryHost(parsing: host)
        let found = try? RealmPolicy.realm(
            realm, of: registry, at: Origin.of(registry, plainHTTP: false),
            .with { $0.tokenHosts = tokenHosts }, receivedFrom: .global)
        #expect((found != nil) == isAsked)
        #expect(found?.isTrusted ?? false == isTrusted)
    }

    @Test func `A05 a registry without TLS may issue tokens itself`() throws {
        let registry = try RegistryHost(parsing: "reg.test:5000")
        let origin = try Origin.of(registry, plainHTTP: true)
        let realm = try RealmPolicy.realm(
            "http://reg.test:5000/token", of: registry, at: origin, RegistrySettings(),
            receivedFrom: .global)
        #expect(realm.isTrusted)
        #expect(throws: URLError.self) {
            try RealmPolicy.realm(
                "http://reg.test/token", of: registry, at: origin, RegistrySettings(),
                receivedFrom: .global)
        }
    }

    @Test
    func `A05 an unknown token server receives no credentials, and the hint names tokenHosts`()
        async throws
    {
        let scene = try Scene(
            [
                Exchange(
                    "GET \(Canary.url)",
                    ScriptedResponse(
                        401, ["WWW-Authenticate": #"Bearer realm="https://x.test/token""#]))
            ], credentials: Canary.user)
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().fetch(blob: Canary.blob.descriptor)
        }
        #expect(error?.hint?.contains("registries.reg.test.tokenHosts") ?? false)
        scene.wire.expectDone()
    }

    @Test func `A05 no redirect of a token server is followed`() async throws {
        let scene = try Scene(
            [
                Exchange(
                    "GET \(Canary.url)",
                    ScriptedResponse(
                        401, ["WWW-Authenticate": #"Bearer realm="https://reg.test/token""#])),
                Exchange(
                    "GET https://reg.test/token?scope=repository:app:pull",
                    ScriptedResponse(302, ["Location": "https://x.test/token"])),
            ], credentials: Canary.user)
        await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().fetch(blob: Canary.blob.descriptor)
        }
        scene.wire.expectDone()
    }
}
