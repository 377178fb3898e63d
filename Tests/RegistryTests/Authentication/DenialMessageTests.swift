// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing
import TextSafety

@testable import Registry

/// The credentials that the message of a 401 or 403 names.
@Suite struct `Messages of denials` {
    private static let manifest = "https://reg.test/v2/app/manifests/1"
    private static let push =
        "https://reg.test/token?service=reg.test&scope=repository:app:pull%2Cpush"

    private func message(
        _ exchanges: [Exchange], host: String = "reg.test",
        credentials: [String: Credential] = [:], environment: [String: String] = [:],
        files: [String: String] = [:]
    ) async throws -> String {
        let scene = try Scene(
            exchanges, credentials: credentials, environment: environment,
            read: { path in files[path].map { Array($0.utf8) } },
            run: { _, _, _ in
                CredentialHelper.Output(
                    status: 0, output: Array(#"{"Username":"robot","Secret":"canary"}"#.utf8))
            })
        let error = await #expect(throws: RegistryError.self) {
            try await scene.repository("\(host)/app").push(
                manifest: Sample.manifest.raw, as: .tag(Tag(parsing: "1")))
        }
        #expect(error?.failureClass == .denied)
        scene.wire.expectDone()
        let message = try #require(error).description
        #expect(!message.contains("canary"))
        return message
    }

    private static func denied(
        by status: Int, host: String = "reg.test"
    ) -> [Exchange] {
        let url = "https://\(host)/v2/app/manifests/1"
        let challenge = ScriptedResponse(401, ["WWW-Authenticate": "Basic realm=x"])
        return [
            Exchange("PUT \(url)", challenge), Exchange("PUT \(url)", ScriptedResponse(status)),
        ]
    }

    @Test(arguments: [401, 403])
    func `say that no credentials were sent`(status: Int) async throws {
        let response = ScriptedResponse(status, ["WWW-Authenticate": "Basic realm=x"])
        let message = try await message([Exchange("PUT \(Self.manifest)", response)])
        #expect(message.hasSuffix("(\(status)), no credentials were sent"))
    }

    @Test func `name mirror.yaml`() async throws {
        let message = try await message(
            Self.denied(by: 403), credentials: ["reg.test": .user("me", "canary")])
        #expect(
            message.hasSuffix("access denied (403) with credentials from mirror.yaml (user me)"))
    }

    @Test func `name the auth file`() async throws {
        let auth = Registry.Base64.encode(Array("me:canary".utf8))
        let message = try await message(
            Self.denied(by: 403), environment: ["HOME": "/h"],
            files: ["/h/.docker/config.json": #"{"auths":{"reg.test":{"auth":"\#(auth)"}}}"#])
        #expect(
            message.hasSuffix(
                "access denied (403) with credentials from /h/.docker/config.json (user me)"))
    }

    @Test func `name the credential helper`() async throws {
        let message = try await message(
            Self.denied(by: 401), environment: ["HOME": "/h"],
            files: ["/h/.docker/config.json": #"{"credsStore":"pass"}"#])
        #expect(
            message.hasSuffix(
                "credentials from docker-credential-pass (/h/.docker/config.json) (user robot) "
                    + "rejected (401)"))
    }

    @Test func `name the variable`() async throws {
        let message = try await message(
            Self.denied(by: 403, host: "ghcr.io"), host: "ghcr.io",
            environment: ["GITHUB_TOKEN": "canary", "GITHUB_ACTOR": "octocat"])
        #expect(
            message.hasSuffix(
                "access denied (403) with credentials from GITHUB_TOKEN (user octocat)"))
    }

    @Test func `name the credentials that a token server denied`() async throws {
        let message = try await message(
            [
                Exchange(
                    "PUT \(Self.manifest)",
                    ScriptedResponse(401, `Rejected credentials`.challenge())),
                Exchange(
                    "GET \(Self.push)",
                    ScriptedResponse(
                        403, [:], #"{"errors":[{"code":"DENIED","message":"denied"}]}"#)),
            ], credentials: ["reg.test": .user("me", "canary")])
        #expect(
            message.contains(
                "access denied (403) with credentials from mirror.yaml (user me) (DENIED: denied)"))
    }

    // What is not a token says nothing about the credentials.
    @Test(arguments: [
        "<!DOCTYPE html><title>Sign in</title>", "", "{}", "[]", #"{"token":""}"#, #"{"token":1}"#,
        #"{"token":"a b"}"#, #"{"token":null}"#, "Service unavailable",
    ])
    func `are not used for a response without a token`(body: String) async throws {
        let scene = try Scene(
            [
                Exchange(
                    "PUT \(Self.manifest)",
                    ScriptedResponse(401, `Rejected credentials`.challenge())),
                Exchange("GET \(Self.push)", ScriptedResponse(200, [:], body)),
            ], credentials: ["reg.test": .user("me", "canary")])
        let error = await #expect(throws: RegistryError.self) {
            try await scene.repository().push(
                manifest: Sample.manifest.raw, as: .tag(Tag(parsing: "1")))
        }
        #expect(error?.failureClass == .unavailable)
        scene.wire.expectDone()
    }

    // MARK: Advice

    private static func advice(
        _ registry: String, _ access: Access, _ credential: RequestCredential,
        _ verdict: DenialVerdict = .insufficient
    ) throws -> String {
        let repository = try Repository(registry: RegistryHost(parsing: registry), path: "app")
        return Operation(
            kind: .manifestPut, phrase: "pushing", repository: repository, access: access
        ).adviceAfterDenial(of: credential, verdict)
    }

    @Test(arguments: [(Access.push("app"), "write:packages"), (.pull("app"), "read:packages")])
    func `name the variable and the permission of GHCR if no token was sent`(
        access: Access, permission: String
    ) throws {
        let advice = try Self.advice("ghcr.io", access, .unavailable)
        #expect(advice.hasPrefix("set GITHUB_TOKEN to a token with \(permission), log in with"))
    }

    @Test func `name the permission to push if a target is read first`() throws {
        let host = try RegistryHost(parsing: "ghcr.io")
        var operation = Operation(
            kind: .manifestHead, phrase: "reading",
            repository: try Repository(registry: host, path: "app"), access: .pull("app"))
        operation.precedesPush = true
        let token = operation.step(.token, "requesting a token")
        for operation in [operation, token] {
            #expect(
                operation.adviceAfterDenial(of: .unavailable, .rejected)
                    == "set GITHUB_TOKEN to a token with write:packages, log in with 'ocimirror "
                    + "login ghcr.io', or set registries.ghcr.io.credentials in mirror.yaml")
        }
    }

    @Test func `name the permission that a token of GHCR may lack`() throws {
        let token = FoundCredential(.user("octocat", "canary"), source: "GITHUB_TOKEN")
        let advice = try Self.advice("ghcr.io", .push("app"), .found(token))
        #expect(
            advice.hasPrefix("give user octocat the right to push (a token needs write:packages"))
        #expect(advice.contains("permissions: {packages: write}"))
    }

    @Test func `of a token request mention that the credentials may have expired`() throws {
        let advice = try Self.advice(
            "reg.test", .push("app"),
            .found(FoundCredential(.user("me", "canary"), source: "mirror.yaml")),
            .rejectedOrInsufficient)
        #expect(
            advice.hasPrefix(
                "renew registries.reg.test.credentials of mirror.yaml, or give user me the right to "
                    + "push; "))
    }

    @Test func `name the right that credentials may lack, and no repository`() throws {
        let advice = try Self.advice(
            "reg.test", .push("app"),
            .found(FoundCredential(.user("me", "canary"), source: "mirror.yaml")))
        #expect(advice.hasPrefix("give user me the right to push; "))
        #expect(!advice.contains("app"))
        #expect(try Self.advice("reg.test", .pull("app"), .unavailable).hasPrefix("log in with"))
    }

    // MARK: Line breaks

    @Test(arguments: ["canary\n", "canary\r\n", "canary\n\n"])
    func `report line breaks that were removed from a secret`(password: String) async throws {
        let scene = try Scene(
            [
                Exchange(
                    "PUT \(Self.manifest)",
                    ScriptedResponse(401, ["WWW-Authenticate": "Basic realm=x"])
                ),
                Exchange("PUT \(Self.manifest)", ScriptedResponse(403)),
            ], credentials: ["reg.test": .user("me", password)])
        await #expect(throws: RegistryError.self) {
            try await scene.repository().push(
                manifest: Sample.manifest.raw, as: .tag(Tag(parsing: "1")))
        }
        let expected = Registry.Base64.encode(Array("me:canary".utf8))
        #expect(scene.wire.authorizations.last == "Basic \(expected)")
        #expect(
            scene.events.all.contains(
                .credentialTrimmed(
                    host: try RegistryHost(parsing: "reg.test"), source: "mirror.yaml")))
    }
}
