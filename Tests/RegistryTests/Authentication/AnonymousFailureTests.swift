// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing
import TextSafety

@testable import Registry

/// Failures of a request that is anonymous because its credential was rejected.
@Suite(.timeLimit(.minutes(10))) struct `A failure of an anonymous pull` {
    private static let manifest = `Rejected credentials`.manifest
    private static let token = `Rejected credentials`.token
    private static let rejected = RejectedCredential(
        registry: .dockerHub, source: "mirror.yaml", user: "me", rejectedBy: "auth.docker.io",
        status: 401)

    private static func rejection(_ status: Int) throws -> RejectedCredential {
        RejectedCredential(
            registry: try RegistryHost(parsing: "reg.test"), source: "mirror.yaml", user: "me",
            rejectedBy: "reg.test", status: status)
    }

    @Test(arguments: [
        ScriptedResponse(404), ScriptedResponse(401, `Rejected credentials`.challenge()),
        ScriptedResponse(403),
        ScriptedResponse(429, ["Retry-After": "9999"]),
    ])
    func `is attributed to the rejected credential`(response: ScriptedResponse) async throws {
        let scene = try Scene(
            [
                `Rejected credentials`.rejected,
                Exchange("GET \(Self.token)", ScriptedResponse(401)),
                `Rejected credentials`.issuing("anyone"),
                Exchange("HEAD \(Self.manifest)", response),
            ], credentials: `Rejected credentials`.user)
        let error = await #expect(throws: RegistryError.self) {
            try await scene.repository().resolve(`Rejected credentials`.tag())
        }
        #expect(error?.failureClass == .denied)
        let message = error?.description ?? ""
        #expect(
            message.contains("credentials from mirror.yaml (user me) rejected by reg.test (401)"))
        #expect(error?.hint == "renew registries.reg.test.credentials of mirror.yaml")
        #expect(!message.contains("canary"))
        #expect(scene.events.all.contains(.credentialRejected(try Self.rejection(401))))
        scene.wire.expectDone()
    }

    @Test(arguments: [ScriptedResponse(404), ScriptedResponse(429, ["Retry-After": "9999"])])
    func `is attributed to it for every later request to the repository`(response: ScriptedResponse)
        async throws
    {
        let scene = try Scene(
            [
                `Rejected credentials`.rejected,
                Exchange("GET \(Self.token)", ScriptedResponse(401)),
                `Rejected credentials`.issuing("anyone"), `Rejected credentials`.found,
                Exchange("HEAD \(Self.manifest)", response),
            ], credentials: `Rejected credentials`.user)
        let repository = try scene.repository()
        _ = try await repository.resolve(`Rejected credentials`.tag())
        let error = await #expect(throws: RegistryError.self) {
            try await repository.resolve(`Rejected credentials`.tag())
        }
        #expect(error?.failureClass == .denied)
        scene.wire.expectDone()
    }

    @Test(arguments: [500, 501])
    func `is not attributed to the credential if the registry is down`(status: Int) async throws {
        let scene = try Scene(
            [
                `Rejected credentials`.rejected,
                Exchange("GET \(Self.token)", ScriptedResponse(401)),
                `Rejected credentials`.issuing("anyone"),
            ]
                + [Exchange](
                    repeating: Exchange("HEAD \(Self.manifest)", ScriptedResponse(status)), count: 6
                )
                + [`Rejected credentials`.found],
            credentials: `Rejected credentials`.user)
        let error = await #expect(throws: RegistryError.self) {
            try await scene.repository().resolve(`Rejected credentials`.tag())
        }
        #expect(error?.failureClass == .unavailable)
    }

    @Test func `at the pull rate limit of Docker Hub names the credential, also for later images`()
        async throws
    {
        let realm = "https://auth.docker.io/token?service=registry.docker.io&scope=repository:o/"
        let challenge = ScriptedResponse(
            401,
            [
                "WWW-Authenticate":
                    #"Bearer realm="https://auth.docker.io/token",service="registry.docker.io""#
            ])
        let registry = "https://registry-1.docker.io/v2/o/"
        let digest = Sample.manifest.digest
        let limit = ScriptedResponse(
            429, [:],
            #"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#
        )
        let scene = try Scene(
            [
                Exchange("GET \(registry)a/manifests/\(digest)", challenge),
                Exchange("GET \(realm)a:pull", ScriptedResponse(401)),
                Exchange("GET \(realm)a:pull", ScriptedResponse(200, [:], #"{"token":"anyone"}"#)),
                Exchange("GET \(registry)a/manifests/\(digest)", limit),
            ], credentials: ["docker.io": .user("me", "canary")])
        for name in ["a", "b"] {
            let error = await #expect(throws: RegistryError.self) {
                try await scene.repository("docker.io/o/\(name)")
                    .fetch(manifest: Sample.manifest.descriptor)
            }
            #expect(error?.failureClass == .denied)
            #expect(error?.description.contains("\(Self.rejected)") == true)
        }
        scene.wire.expectDone()
    }

    @Test(arguments: [
        (#"{"error":"invalid_grant"}"#, FailureClass.denied),
        (#"{"error":"invalid_request"}"#, .unavailable),
    ])
    func `is distinguished from a request that the token server cannot parse`(
        body: String, failureClass: FailureClass
    ) async throws {
        let scene = try Scene(
            [
                Exchange(
                    "PUT \(Self.manifest)",
                    ScriptedResponse(401, `Rejected credentials`.challenge())),
                Exchange("POST https://reg.test/token", ScriptedResponse(400, [:], body)),
            ], credentials: ["reg.test": .identityToken(Secret("canary"))])
        let error = await #expect(throws: RegistryError.self) {
            try await scene.repository().push(
                manifest: Sample.manifest.raw, as: `Rejected credentials`.tag())
        }
        #expect(error?.failureClass == failureClass)
        #expect(scene.events.all.contains { $0.isAboutRejection } == (failureClass == .denied))
        scene.wire.expectDone()
    }

    @Test func `does not send the rejected credential again for the next repository`() async throws
    {
        let other = "https://reg.test/v2/other/manifests/1"
        let scene = try Scene(
            [
                `Rejected credentials`.rejected,
                Exchange("GET \(Self.token)", ScriptedResponse(401)),
                `Rejected credentials`.issuing("anyone"), `Rejected credentials`.found,
                `Rejected credentials`.issuing(
                    "others", "https://reg.test/token?service=reg.test&scope=repository:other:pull"),
                Exchange("HEAD \(other)", ScriptedResponse(200, Sample.manifest.fields)),
            ], credentials: `Rejected credentials`.user)
        _ = try await scene.repository().resolve(`Rejected credentials`.tag())
        _ = try await scene.repository("reg.test/other").resolve(`Rejected credentials`.tag())
        #expect(
            scene.events.all.count { if case .anonymousFallback = $0 { true } else { false } } == 2)
        scene.wire.expectDone()
    }

    // Artifactory, and GHCR for a new package: the write decides.
    @Test func `does not prevent a push to a target that denied the read`() async throws {
        let scene = try Scene(
            [
                `Rejected credentials`.rejected, `Rejected credentials`.issuing("mine"),
                Exchange("HEAD \(Self.manifest)", ScriptedResponse(403)),
                `Rejected credentials`.issuing("anyone"),
                Exchange("HEAD \(Self.manifest)", ScriptedResponse(404)),
            ], credentials: `Rejected credentials`.user)
        #expect(
            try await scene.repository().currentDescriptor(of: `Rejected credentials`.tag()) == nil)
        scene.wire.expectDone()
    }

    @Test(arguments: [
        Credential.user("dckr_pat_canary", ""), .user("ghp_canary", "x-oauth-basic"),
        .identityToken(Secret("canary")), .user(String(repeating: "a", count: 65), ""),
    ])
    func `never names a token in place of a user`(credential: Credential) {
        #expect(credential.displayUser == nil)
        #expect(Credential.user("ci", "canary").displayUser == "ci")
    }
}
