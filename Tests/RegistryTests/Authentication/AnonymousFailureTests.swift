// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing
import TextSafety

@testable import Registry

/// What fails because a request went on anonymously after its credential was rejected.
@Suite struct `A failure of an anonymous pull` {
    private static let manifest = `Refused credentials`.manifest
    private static let token = `Refused credentials`.token
    private static let rejected = RejectedCredential(
        registry: .dockerHub, source: "mirror.yaml", user: "me", rejectedBy: "auth.docker.io",
        status: 401)

    private static func rejection(_ status: Int) throws -> RejectedCredential {
        RejectedCredential(
            registry: try RegistryHost(parsing: "reg.test"), source: "mirror.yaml", user: "me",
            rejectedBy: "reg.test", status: status)
    }

    @Test(arguments: [
        Answer(404), Answer(401, `Refused credentials`.challenge()), Answer(403),
        Answer(429, ["Retry-After": "9999"]),
    ])
    func `is reported as the rejected credential's`(answer: Answer) async throws {
        let scene = try Scene(
            [
                `Refused credentials`.refused, Exchange("GET \(Self.token)", Answer(401)),
                `Refused credentials`.issuing("anyone"),
                Exchange("HEAD \(Self.manifest)", answer),
            ], credentials: `Refused credentials`.user)
        let error = await #expect(throws: RegistryError.self) {
            try await scene.repository().resolve(`Refused credentials`.tag())
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

    @Test(arguments: [Answer(404), Answer(429, ["Retry-After": "9999"])])
    func `is reported so for every later request to the repository`(answer: Answer) async throws {
        let scene = try Scene(
            [
                `Refused credentials`.refused, Exchange("GET \(Self.token)", Answer(401)),
                `Refused credentials`.issuing("anyone"), `Refused credentials`.found,
                Exchange("HEAD \(Self.manifest)", answer),
            ], credentials: `Refused credentials`.user)
        let repository = try scene.repository()
        _ = try await repository.resolve(`Refused credentials`.tag())
        let error = await #expect(throws: RegistryError.self) {
            try await repository.resolve(`Refused credentials`.tag())
        }
        #expect(error?.failureClass == .denied)
        scene.wire.expectDone()
    }

    @Test(arguments: [500, 501])
    func `is not the credential's where the registry is broken`(status: Int) async throws {
        let scene = try Scene(
            [
                `Refused credentials`.refused, Exchange("GET \(Self.token)", Answer(401)),
                `Refused credentials`.issuing("anyone"),
            ] + [Exchange](repeating: Exchange("HEAD \(Self.manifest)", Answer(status)), count: 6)
                + [`Refused credentials`.found],
            credentials: `Refused credentials`.user)
        let error = await #expect(throws: RegistryError.self) {
            try await scene.repository().resolve(`Refused credentials`.tag())
        }
        #expect(error?.failureClass == .unavailable)
    }

    @Test func `is the pull rate limit of Docker Hub, also for images that are not asked for then`()
        async throws
    {
        let realm = "https://auth.docker.io/token?service=registry.docker.io&scope=repository:o/"
        let challenge = Answer(
            401,
            [
                "WWW-Authenticate":
                    #"Bearer realm="https://auth.docker.io/token",service="registry.docker.io""#
            ])
        let registry = "https://registry-1.docker.io/v2/o/"
        let digest = Sample.manifest.digest
        let limit = Answer(
            429, [:],
            #"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#
        )
        let scene = try Scene(
            [
                Exchange("GET \(registry)a/manifests/\(digest)", challenge),
                Exchange("GET \(realm)a:pull", Answer(401)),
                Exchange("GET \(realm)a:pull", Answer(200, [:], #"{"token":"anyone"}"#)),
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
    func `is told from a request that the token server cannot read`(
        body: String, failureClass: FailureClass
    ) async throws {
        let scene = try Scene(
            [
                Exchange("PUT \(Self.manifest)", Answer(401, `Refused credentials`.challenge())),
                Exchange("POST https://reg.test/token", Answer(400, [:], body)),
            ], credentials: ["reg.test": .identityToken(Secret("canary"))])
        let error = await #expect(throws: RegistryError.self) {
            try await scene.repository().push(
                manifest: Sample.manifest.raw, as: `Refused credentials`.tag())
        }
        #expect(error?.failureClass == failureClass)
        #expect(scene.events.all.contains { $0.isAboutRejection } == (failureClass == .denied))
        scene.wire.expectDone()
    }

    @Test func `a rejected credential is not shown again for the next repository`() async throws {
        let other = "https://reg.test/v2/other/manifests/1"
        let scene = try Scene(
            [
                `Refused credentials`.refused, Exchange("GET \(Self.token)", Answer(401)),
                `Refused credentials`.issuing("anyone"), `Refused credentials`.found,
                `Refused credentials`.issuing(
                    "others", "https://reg.test/token?service=reg.test&scope=repository:other:pull"),
                Exchange("HEAD \(other)", Answer(200, Sample.manifest.fields)),
            ], credentials: `Refused credentials`.user)
        _ = try await scene.repository().resolve(`Refused credentials`.tag())
        _ = try await scene.repository("reg.test/other").resolve(`Refused credentials`.tag())
        #expect(
            scene.events.all.count { if case .anonymousFallback = $0 { true } else { false } } == 2)
        scene.wire.expectDone()
    }

    // Artifactory, and GHCR for a new package: the write decides.
    @Test func `does not keep a target from being written where a right was lacking`() async throws
    {
        let scene = try Scene(
            [
                `Refused credentials`.refused, `Refused credentials`.issuing("mine"),
                Exchange("HEAD \(Self.manifest)", Answer(403)),
                `Refused credentials`.issuing("anyone"),
                Exchange("HEAD \(Self.manifest)", Answer(404)),
            ], credentials: `Refused credentials`.user)
        #expect(
            try await scene.repository().currentDescriptor(of: `Refused credentials`.tag()) == nil)
        scene.wire.expectDone()
    }

    @Test(arguments: [
        Credential.user("dckr_pat_canary", ""), .user("ghp_canary", "x-oauth-basic"),
        .identityToken(Secret("canary")), .user(String(repeating: "a", count: 65), ""),
    ])
    func `never names a token in place of a user`(credential: Credential) {
        #expect(credential.shownUser == nil)
        #expect(Credential.user("ci", "canary").shownUser == "ci")
    }
}
