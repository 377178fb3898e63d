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
        let hosts = try tokenHosts.map { try RegistryHost(parsing: $0) }
        let policy = try Self.policy(host, plainHTTP: false) {
            $0.tokenHosts = hosts
        }
        let found = try? Self.tokenServer(realm, policy)
        #expect((found != nil) == isAsked)
        #expect(found?.isTrusted ?? false == isTrusted)
    }

    private static func policy(
        _ host: String, plainHTTP: Bool, _ change: (inout RegistrySettings) -> Void = { _ in }
    ) throws -> CredentialPolicy {
        let registry = try RegistryHost(parsing: host)
        return CredentialPolicy(
            host: registry, origin: try Origin.of(registry, plainHTTP: plainHTTP),
            settings: .with(change))
    }

    private static func tokenServer(
        _ text: String, _ policy: CredentialPolicy
    ) throws(RegistryError) -> TokenServer {
        try policy.tokenServer(
            at: text, receivedFrom: .global,
            for: Operation(kind: .versionCheck, phrase: "test", registry: policy.host))
    }

    @Test func `A05 a registry without TLS may issue tokens itself`() throws {
        let policy = try Self.policy("reg.test:5000", plainHTTP: true)
        #expect(try Self.tokenServer("http://reg.test:5000/token", policy).isTrusted)
    }

    @Test(
        arguments: [
            ("http://reg.test:5001/token", [], false, false, false),
            ("http://reg.test:5001/token", ["reg.test"], false, false, false),
            ("http://reg.test:5001/token", ["reg.test:5001"], false, true, false),
            ("http://reg.test:5001/token", ["reg.test:5001"], true, true, true),
            ("http://other.test/token", ["other.test"], true, true, true),
            ("http://127.0.0.1:5001/token", ["127.0.0.1:5001"], false, true, false),
            ("https://other.test/token", ["other.test"], true, true, true),
            ("https://other.test/token", ["other.test"], false, true, false),
        ] as [(String, [String], Bool, Bool, Bool)])
    func `A05 a registry without TLS may have a named token server without TLS`(
        realm: String, tokenHosts: [String], sendsInClear: Bool, isUsed: Bool, getsPassword: Bool
    ) throws {
        let hosts = try tokenHosts.map { try RegistryHost(parsing: $0) }
        let policy = try Self.policy("reg.test:5000", plainHTTP: true) {
            $0.tokenHosts = hosts
            $0.credentialsOverHTTP = sendsInClear
        }
        let operation = Operation(kind: .versionCheck, phrase: "test", registry: policy.host)
        let found = try? Self.tokenServer(realm, policy)
        #expect((found != nil) == isUsed)
        let isSent = found.map { server in
            (try? policy.check(
                FoundCredential(.user("me", "canary"), source: "the prompt", isEntered: true),
                for: .bearer(server), operation)) != nil
        }
        #expect(isSent ?? false == getsPassword)
    }

    // A broken challenge is the registry's fault, and nothing about the user's credentials.
    @Test(
        arguments: [
            (#"Bearer service="reg.test""#, nil), (#"Bearer realm="""#, nil),
            (#"Bearer realm="/token""#, nil), (#"Bearer realm="https://a b/""#, nil),
            (#"Bearer realm="http://x.test/token""#, nil),
            (#"Bearer realm="https://10.0.0.1/token""#, "registries.reg.test.tokenHosts"),
        ] as [(String, String?)])
    func `A05 an unusable token server is not a matter of credentials`(
        challenge: String, hint: String?
    ) async throws {
        let scene = try Scene(
            [
                Exchange(
                    "GET \(Canary.url)", ScriptedResponse(401, ["WWW-Authenticate": challenge]))
            ], credentials: Canary.user)
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().fetch(blob: Canary.blob.descriptor)
        }
        #expect(error?.failureClass == .unavailable)
        if let hint { #expect(error?.hint?.contains(hint) == true) }
        scene.wire.expectDone()
    }

    @Test func `A05 a usable challenge precedes one with an unusable token server`() async throws {
        let scene = try Scene(
            [
                Exchange(
                    "HEAD https://reg.test/v2/app/manifests/1",
                    ScriptedResponse(
                        401,
                        ["WWW-Authenticate": #"Bearer realm="/token", Basic realm="x""#])),
                Exchange(
                    "HEAD https://reg.test/v2/app/manifests/1",
                    ScriptedResponse(200, Sample.manifest.fields)),
            ], credentials: Canary.user)
        _ = try await scene.repository().resolve(.tag(Tag(parsing: "1")))
        #expect(scene.wire.authorizations.last??.hasPrefix("Basic ") == true)
        scene.wire.expectDone()
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
