// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing
import TextSafety

@testable import Registry

/// Fallback to anonymous access after rejected credentials, and its limits.
@Suite struct `Rejected credentials` {
    static let manifest = "https://reg.test/v2/app/manifests/1"
    static let token = "https://reg.test/token?service=reg.test&scope=repository:app:pull"
    static let found = Exchange("HEAD \(manifest)", ScriptedResponse(200, Sample.manifest.fields))
    static let rejected = Exchange("HEAD \(manifest)", ScriptedResponse(401, challenge()))
    static let user = ["reg.test": Credential.user("me", "canary")]

    static func challenge(_ more: String = "") -> HTTPFields {
        [
            "WWW-Authenticate":
                #"Bearer realm="https://reg.test/token",service="reg.test"\#(more)"#
        ]
    }

    static func issuing(_ token: String, _ url: String = token) -> Exchange {
        Exchange(
            "GET \(url)", ScriptedResponse(200, [:], #"{"token":"\#(token)","expires_in":300}"#))
    }

    static func tag() throws -> ManifestName { .tag(try Tag(parsing: "1")) }

    /// The failures after which a pull is retried anonymously, or not.
    enum Failure: Sendable, CaseIterable {
        case tokenRejected401, tokenRejected403, pullRejected401, pullRejected403
        case tokenThrottled, pullThrottled, tokenBroken, pullBroken, tokenTimeout, pullTimeout

        var isRefusal: Bool {
            switch self {
            case .tokenRejected401, .tokenRejected403, .pullRejected401, .pullRejected403: true
            default: false
            }
        }

        /// The response after the first challenge.
        var exchanges: [Exchange] {
            func token(_ response: ScriptedResponse) -> [Exchange] {
                [Exchange("GET \(`Rejected credentials`.token)", response)]
            }
            func pull(_ response: ScriptedResponse) -> [Exchange] {
                [issuing("mine"), Exchange("HEAD \(manifest)", response)]
            }
            return switch self {
            case .tokenRejected401: token(ScriptedResponse(401))
            case .tokenRejected403: token(ScriptedResponse(403))
            case .pullRejected401: pull(ScriptedResponse(401, challenge()))
            case .pullRejected403: pull(ScriptedResponse(403))
            case .tokenThrottled: token(ScriptedResponse(429, ["Retry-After": "9999"]))
            case .pullThrottled: pull(ScriptedResponse(429, ["Retry-After": "9999"]))
            case .tokenBroken: token(ScriptedResponse(501))
            case .pullBroken: pull(ScriptedResponse(501))
            case .tokenTimeout: token(.failing(.tls))
            case .pullTimeout: pull(.failing(.tls))
            }
        }
    }

    @Test(arguments: Failure.allCases, [false, true])
    func `A17 are omitted from a pull only after a 401 or 403`(
        failure: Failure, isStrict: Bool
    ) async throws {
        let fallsBack = failure.isRefusal && !isStrict
        let anonymous = fallsBack ? [Self.issuing("anyone"), Self.found] : []
        // Only the response to GET may state the reason; it is sent with a new token, too.
        let get = Exchange("GET \(Self.manifest)", ScriptedResponse(403))
        let reason =
            failure == .pullRejected403 && isStrict ? [get, Self.issuing("again"), get] : []
        let scene = try Scene(
            [Self.rejected] + failure.exchanges + anonymous + reason,
            ["reg.test": .with { $0.requiresAuth = isStrict }], credentials: Self.user)
        let repository = try scene.repository()
        if fallsBack {
            _ = try await repository.resolve(Self.tag())
            #expect(
                scene.events.all.contains(
                    .anonymousFallback(repository: repository.repository, source: "mirror.yaml")))
        } else {
            let error = await #expect(throws: RegistryError.self) {
                _ = try await repository.resolve(Self.tag())
            }
            #expect((error?.failureClass == .denied) == failure.isRefusal)
        }
        #expect(
            scene.wire.requests.filter { $0.url == Self.token && $0.authorization == nil }.count
                == (fallsBack ? 1 : 0))
        scene.wire.expectDone()
    }

    @Test(arguments: [401, 403])
    func `A17 are not omitted from a push`(status: Int) async throws {
        let push = "https://reg.test/token?service=reg.test&scope=repository:app:pull%2Cpush"
        let scene = try Scene(
            [
                Exchange("PUT \(Self.manifest)", ScriptedResponse(401, Self.challenge())),
                Self.issuing("mine", push),
                Exchange("PUT \(Self.manifest)", ScriptedResponse(status, Self.challenge())),
            ], credentials: Self.user)
        let error = await #expect(throws: RegistryError.self) {
            try await scene.repository().push(manifest: Sample.manifest.raw, as: Self.tag())
        }
        #expect(error?.failureClass == .denied)
        scene.wire.expectDone()
    }

    @Test(arguments: [false, true])
    func `A16 of a helper that fails end the request, and no others are sent`(
        isPush: Bool
    ) async throws {
        let auth = Registry.Base64.encode(Array("other:canary".utf8))
        let config =
            #"{"credsStore":"broken","auths":{"reg.test":{"auth":"\#(auth)"}}}"#
        let scene = try Scene(
            [
                Exchange(
                    "\(isPush ? "PUT" : "HEAD") \(Self.manifest)",
                    ScriptedResponse(401, Self.challenge()))
            ],
            environment: ["DOCKER_CONFIG": "/d", "XDG_RUNTIME_DIR": "/run"],
            read: { $0 == "/d/config.json" ? Array(config.utf8) : nil })
        let repository = try scene.repository()
        let error = await #expect(throws: ContentError.self) {
            if isPush {
                try await repository.push(manifest: Sample.manifest.raw, as: Self.tag())
            } else {
                _ = try await repository.resolve(Self.tag())
            }
        }
        #expect(error?.message.contains("docker-credential-broken") == true)
        #expect(scene.wire.authorizations == [nil])
    }

    @Test func `A31 that a token server always rejects end the request`() async throws {
        let scene = try Scene(
            [Self.rejected]
                + [Exchange](
                    repeating: Exchange("GET \(Self.token)", ScriptedResponse(401)), count: 2),
            credentials: Self.user)
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().resolve(Self.tag())
        }
        #expect(error?.failureClass == .denied)
        scene.wire.expectDone()
    }

    @Test
    func `A31 that are always rejected, with a cached token and wider scopes, end the request`()
        async throws
    {
        func wanting(_ actions: String) -> Exchange {
            Exchange(
                "HEAD \(Self.manifest)",
                ScriptedResponse(401, Self.challenge(#",scope="repository:app:\#(actions)""#)))
        }
        let wider =
            "https://reg.test/token?service=reg.test&scope=repository:app:metadata_read%2Cpull"
        let scene = try Scene(
            [
                Self.rejected, Self.issuing("t1"), Self.found, wanting("metadata_read"),
                Self.issuing("t2", wider), wanting("metadata_read,push"),
            ], credentials: Self.user)
        let repository = try scene.repository()
        _ = try await repository.resolve(Self.tag())
        let before = scene.wire.requests.count
        await #expect(throws: RegistryError.self) { _ = try await repository.resolve(Self.tag()) }
        #expect(scene.wire.requests.count - before <= 6)
        scene.wire.expectDone()
    }
}
