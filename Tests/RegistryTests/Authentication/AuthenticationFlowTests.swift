// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing
import TextSafety

@testable import Registry

@Suite(.timeLimit(.minutes(10))) struct `Authentication` {
    static let manifest = "https://reg.test/v2/app/manifests/1"
    static let challenge: HTTPFields = [
        "WWW-Authenticate": #"Bearer realm="https://reg.test/token",service="reg.test",scope="x""#
    ]
    static let token =
        "https://reg.test/token?service=reg.test&scope=repository:app:pull"
    static let found = ScriptedResponse(200, Sample.manifest.fields)
    static let user = ["reg.test": Credential.user("me", "canary")]
    static let basic = "Basic " + Base64.encode(Array("me:canary".utf8))

    static func issuing(_ token: String, expiresIn: Int? = nil) -> ScriptedResponse {
        let life = expiresIn.map { #","expires_in":\#($0)"# } ?? ""
        return ScriptedResponse(200, [:], #"{"token":"\#(token)"\#(life)}"#)
    }

    @Test func `is omitted if the registry does not require it`() async throws {
        let scene = try Scene(
            [Exchange("HEAD \(Self.manifest)", Self.found)], credentials: Self.user)
        _ = try await scene.repository().resolve(.tag(Tag(parsing: "1")))
        #expect(scene.wire.authorizations == [nil])
        scene.wire.expectDone()
    }

    @Test func `by token requests the token once and sends it with all later requests`()
        async throws
    {
        let scene = try Scene([
            Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge)),
            Exchange("GET \(Self.token)", Self.issuing("t1")),
            Exchange("HEAD \(Self.manifest)", Self.found),
            Exchange("HEAD \(Self.manifest)", Self.found),
        ])
        let repository = try scene.repository()
        for _ in 0..<2 { _ = try await repository.resolve(.tag(Tag(parsing: "1"))) }
        #expect(scene.wire.authorizations == [nil, nil, "Bearer t1", "Bearer t1"])
        scene.wire.expectDone()
    }

    @Test func `by token sends the password to the token server only`() async throws {
        let scene = try Scene(
            [
                Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge)),
                Exchange(
                    "GET \(Self.token)", ScriptedResponse(200, [:], #"{"access_token":"t1"}"#)),
                Exchange("HEAD \(Self.manifest)", Self.found),
            ], credentials: Self.user)
        _ = try await scene.repository().resolve(.tag(Tag(parsing: "1")))
        #expect(scene.wire.authorizations == [nil, Self.basic, "Bearer t1"])
        #expect(
            scene.events.all.contains(
                .credentialUsed(host: try RegistryHost(parsing: "reg.test"), source: "mirror.yaml"))
        )
    }

    @Test func `by identity token posts a form`() async throws {
        let scene = try Scene(
            [
                Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge)),
                Exchange("POST https://reg.test/token", Self.issuing("t1")),
                Exchange("HEAD \(Self.manifest)", Self.found),
            ], credentials: ["reg.test": .identityToken(Secret("refresh+me"))])
        _ = try await scene.repository().resolve(.tag(Tag(parsing: "1")))
        let form = try #require(scene.wire.requests.first { $0.method == .post })
        #expect(form.authorization == nil)
        #expect(
            String(decoding: form.body, as: UTF8.self)
                == "grant_type=refresh_token&client_id=ocimirror&refresh_token=refresh%2Bme"
                + "&scope=repository%3Aapp%3Apull&service=reg.test")
        // The form is not counted as content.
        #expect(
            scene.events.withoutTraces.contains(
                .requestFinished(
                    host: "reg.test", kind: .token, status: 200,
                    bytes: #"{"token":"t1"}"#.utf8.count)))
    }

    @Test func `reports token requests without a response, and those whose body breaks`()
        async throws
    {
        let scene = try Scene(
            [
                Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge)),
                Exchange("GET \(Self.token)", .failing(.interrupted)),
                Exchange(
                    "GET \(Self.token)",
                    ScriptedResponse(200, bytes: [Array("{".utf8)], breaks: true)),
                Exchange("GET \(Self.token)", Self.issuing("t1")),
                Exchange("HEAD \(Self.manifest)", Self.found),
            ])
        _ = try await scene.repository().resolve(.tag(Tag(parsing: "1")))
        let reported = scene.events.all.compactMap { event -> Int?? in
            guard case .requestFinished(_, .token, let status, _, _) = event else { return nil }
            return .some(status)
        }
        #expect(reported == [nil, 200, 200])
    }

    @Test func `by password is remembered, too`() async throws {
        let scene = try Scene(
            [
                Exchange(
                    "HEAD \(Self.manifest)",
                    ScriptedResponse(401, ["WWW-Authenticate": "basic realm=x"])),
                Exchange("HEAD \(Self.manifest)", Self.found),
                Exchange("HEAD \(Self.manifest)", Self.found),
            ], credentials: Self.user)
        let repository = try scene.repository()
        for _ in 0..<2 { _ = try await repository.resolve(.tag(Tag(parsing: "1"))) }
        #expect(scene.wire.authorizations == [nil, Self.basic, Self.basic])
    }

    // A missing or shorter lifetime counts as a minute; seven tenths of it are used.
    @Test(arguments: [(nil, 41), (0, 41), (-5, 41), (300, 209)] as [(Int?, Int)])
    func `G10 by token lasts for the stated lifetime`(life: Int?, good: Int) async throws {
        let scene = try Scene([
            Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge)),
            Exchange("GET \(Self.token)", Self.issuing("t1", expiresIn: life)),
            Exchange("HEAD \(Self.manifest)", Self.found),
            Exchange("HEAD \(Self.manifest)", Self.found),
            Exchange("GET \(Self.token)", Self.issuing("t2")),
            Exchange("HEAD \(Self.manifest)", Self.found),
        ])
        let repository = try scene.repository()
        let tag = ManifestName.tag(try Tag(parsing: "1"))
        _ = try await repository.resolve(tag)
        scene.time.advance(.seconds(good))
        _ = try await repository.resolve(tag)
        scene.time.advance(.seconds(2))
        _ = try await repository.resolve(tag)
        #expect(
            scene.wire.authorizations.suffix(3) == ["Bearer t1", nil, "Bearer t2"])
    }

    @Test func `G09 replaces a cached token that is rejected`() async throws {
        let scene = try Scene([
            Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge)),
            Exchange("GET \(Self.token)", Self.issuing("t1")),
            Exchange("HEAD \(Self.manifest)", Self.found),
            Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge)),
            Exchange("GET \(Self.token)", Self.issuing("t2")),
            Exchange("HEAD \(Self.manifest)", Self.found),
        ])
        let repository = try scene.repository()
        for _ in 0..<2 { _ = try await repository.resolve(.tag(Tag(parsing: "1"))) }
        #expect(scene.wire.authorizations.last == "Bearer t2")
        scene.wire.expectDone()
    }

    @Test func `A31 ends if it is always rejected`() async throws {
        let scene = try Scene(
            [
                Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge)),
                Exchange("GET \(Self.token)", Self.issuing("t1")),
                Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge)),
                Exchange("GET \(Self.token)", Self.issuing("t2")),
                Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge)),
            ], credentials: Self.user)
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().resolve(.tag(Tag(parsing: "1")))
        }
        #expect(error?.failureClass == .denied)
        scene.wire.expectDone()
    }

    // An expired token must not break the pull of public content.
    @Test(arguments: [401, 403])
    func `A17 falls back to an anonymous pull, with an event`(status: Int) async throws {
        let scene = try Scene(
            [
                Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge)),
                Exchange("GET \(Self.token)", ScriptedResponse(status, [:], "denied")),
                Exchange("GET \(Self.token)", Self.issuing("anonymous")),
                Exchange("HEAD \(Self.manifest)", Self.found),
                Exchange("HEAD \(Self.manifest)", Self.found),
            ], credentials: Self.user)
        let repository = try scene.repository()
        for _ in 0..<2 { _ = try await repository.resolve(.tag(Tag(parsing: "1"))) }
        #expect(
            scene.wire.authorizations
                == [nil, Self.basic, nil, "Bearer anonymous", "Bearer anonymous"])
        let fallbacks = scene.events.all.filter {
            $0 == .anonymousFallback(repository: repository.repository, source: "mirror.yaml")
        }
        #expect(fallbacks.count == 1)
    }

    @Test(arguments: [true, false])
    func `A17 does not fall back for a push, nor if authentication is required`(isPush: Bool)
        async throws
    {
        let put = "https://reg.test/v2/app/manifests/1"
        let scope = isPush ? "pull%2Cpush" : "pull"
        let scene = try Scene(
            [
                Exchange(
                    "\(isPush ? "PUT" : "HEAD") \(put)", ScriptedResponse(401, Self.challenge)),
                Exchange(
                    "GET https://reg.test/token?service=reg.test&scope=repository:app:\(scope)",
                    ScriptedResponse(
                        403, [:], #"{"errors":[{"code":"DENIED","message":"denied"}]}"#)),
            ], ["reg.test": .with { $0.requiresAuth = !isPush }], credentials: Self.user)
        let repository = try scene.repository()
        let name = ManifestName.tag(try Tag(parsing: "1"))
        let error = await #expect(throws: RegistryError.self) {
            if isPush {
                try await repository.push(manifest: Sample.manifest.raw, as: name)
            } else {
                _ = try await repository.resolve(name)
            }
        }
        #expect(error?.failureClass == .denied)
        #expect(
            error?.description.contains("access denied (403)") ?? false)
        scene.wire.expectDone()
    }

    // Only after 401 and 403; a server error says nothing about credentials.
    @Test func `A17 does not fall back if a token server is down`() async throws {
        let down = [Exchange](
            repeating: Exchange("GET \(Self.token)", ScriptedResponse(503)), count: 6)
        let scene = try Scene(
            [Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge))] + down,
            credentials: Self.user)
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().resolve(.tag(Tag(parsing: "1")))
        }
        #expect(error?.failureClass == .unavailable)
        scene.wire.expectDone()
    }

    @Test func `requests one token for all waiting requests`() async throws {
        let five = Barrier(5)
        let rejected = Exchange(
            "HEAD \(Self.manifest)",
            ScriptedResponse(401, Self.challenge).after { try await five.arrive() })
        let scene = try Scene(
            [
                Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge)),
                Exchange("GET \(Self.token)", Self.issuing("lapsing")),
                Exchange("HEAD \(Self.manifest)", Self.found),
            ] + [Exchange](repeating: rejected, count: 5)
                + [Exchange("GET \(Self.token)", Self.issuing("t1"))]
                + [Exchange](repeating: Exchange("HEAD \(Self.manifest)", Self.found), count: 5))
        let repository = try scene.repository()
        _ = try await repository.resolve(.tag(Tag(parsing: "1")))
        try await withThrowingTaskGroup { group in
            for _ in 0..<5 {
                group.addTask { try await repository.resolve(.tag(Tag(parsing: "1"))) }
            }
            for try await descriptor in group { #expect(descriptor != nil) }
        }
        scene.wire.expectDone()
    }

    // Requesting the scope of the other repository, too, may cost the whole token.
    @Test func `A20 that fails for a mount does not fail the push`() async throws {
        let push = "repository:app:pull%2Cpush"
        let scene = try Scene([
            Exchange(
                "POST https://reg.test/v2/app/blobs/uploads/?mount=\(Sample.blob.digest)&from=base",
                ScriptedResponse(401, Self.challenge)),
            Exchange(
                "GET https://reg.test/token?service=reg.test&scope=\(push)"
                    + "&scope=repository:base:pull", ScriptedResponse(403)),
            Exchange(
                "GET https://reg.test/token?service=reg.test&scope=\(push)", Self.issuing("t1")),
            Exchange(
                "POST https://reg.test/v2/app/blobs/uploads/",
                ScriptedResponse(202, ["Location": "/v2/app/blobs/uploads/1"])),
            Exchange(
                "PUT https://reg.test/v2/app/blobs/uploads/1?digest=\(Sample.blob.digest)",
                ScriptedResponse(201)),
        ])
        let arrival = try await scene.repository().push(
            blob: Sample.blob.descriptor, expecting: .absent,
            mountingFrom: .repository(Repository(parsing: "reg.test/base")),
            open: Sample.blob.open)
        #expect(arrival == .uploaded)
        scene.wire.expectDone()
    }
}
