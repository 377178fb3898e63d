// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Synchronization
import Testing
import TextSafety

@testable import Registry

/// What is done after a refusal, and what is not.
@Suite struct `Refused credentials` {
    static let manifest = "https://reg.test/v2/app/manifests/1"
    static let token = "https://reg.test/token?service=reg.test&scope=repository:app:pull"
    static let found = Exchange("HEAD \(manifest)", Answer(200, Sample.manifest.fields))
    static let refused = Exchange("HEAD \(manifest)", Answer(401, challenge()))
    static let user = ["reg.test": Credential.user("me", "canary")]

    static func challenge(_ more: String = "") -> HTTPFields {
        [
            "WWW-Authenticate":
                #"Bearer realm="https://reg.test/token",service="reg.test"\#(more)"#
        ]
    }

    static func issuing(_ token: String, _ url: String = token) -> Exchange {
        Exchange("GET \(url)", Answer(200, [:], #"{"token":"\#(token)","expires_in":300}"#))
    }

    static func tag() throws -> ManifestName { .tag(try Tag(parsing: "1")) }

    /// Where a pull with refused credentials is tried without them, and where it is not.
    enum Trouble: Sendable, CaseIterable {
        case tokenRefused401, tokenRefused403, pullRefused401, pullRefused403
        case tokenThrottled, pullThrottled, tokenBroken, pullBroken, tokenTimeout, pullTimeout

        var isRefusal: Bool {
            switch self {
            case .tokenRefused401, .tokenRefused403, .pullRefused401, .pullRefused403: true
            default: false
            }
        }

        /// What comes after the first challenge.
        var exchanges: [Exchange] {
            func token(_ answer: Answer) -> [Exchange] {
                [Exchange("GET \(`Refused credentials`.token)", answer)]
            }
            func pull(_ answer: Answer) -> [Exchange] {
                [issuing("mine"), Exchange("HEAD \(manifest)", answer)]
            }
            return switch self {
            case .tokenRefused401: token(Answer(401))
            case .tokenRefused403: token(Answer(403))
            case .pullRefused401: pull(Answer(401, challenge()))
            case .pullRefused403: pull(Answer(403))
            case .tokenThrottled: token(Answer(429, ["Retry-After": "9999"]))
            case .pullThrottled: pull(Answer(429, ["Retry-After": "9999"]))
            case .tokenBroken: token(Answer(501))
            case .pullBroken: pull(Answer(501))
            case .tokenTimeout: token(.failing(.tls))
            case .pullTimeout: pull(.failing(.tls))
            }
        }
    }

    @Test(arguments: Trouble.allCases, [false, true])
    func `A17 are left out of a pull after a refusal, and after nothing else`(
        trouble: Trouble, isStrict: Bool
    ) async throws {
        let fallsBack = trouble.isRefusal && !isStrict
        let anonymous = fallsBack ? [Self.issuing("anyone"), Self.found] : []
        let scene = try Scene(
            [Self.refused] + trouble.exchanges + anonymous,
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
            #expect((error?.failureClass == .denied) == trouble.isRefusal)
        }
        #expect(
            scene.wire.requests.filter { $0.url == Self.token && $0.authorization == nil }.count
                == (fallsBack ? 1 : 0))
        scene.wire.expectDone()
    }

    @Test(arguments: [401, 403])
    func `A17 are not left out of a push`(status: Int) async throws {
        let push = "https://reg.test/token?service=reg.test&scope=repository:app:pull%2Cpush"
        let scene = try Scene(
            [
                Exchange("PUT \(Self.manifest)", Answer(401, Self.challenge())),
                Self.issuing("mine", push),
                Exchange("PUT \(Self.manifest)", Answer(status, Self.challenge())),
            ], credentials: Self.user)
        let error = await #expect(throws: RegistryError.self) {
            try await scene.repository().push(manifest: Sample.manifest.raw, as: Self.tag())
        }
        #expect(error?.failureClass == .denied)
        scene.wire.expectDone()
    }

    @Test(arguments: [false, true])
    func `A16 of a helper that fails end the request, and nothing else is shown`(
        isPush: Bool
    ) async throws {
        let auth = Registry.Base64.encode(Array("other:canary".utf8))
        let config =
            #"{"credsStore":"broken","auths":{"reg.test":{"auth":"\#(auth)"}}}"#
        let scene = try Scene(
            [
                Exchange(
                    "\(isPush ? "PUT" : "HEAD") \(Self.manifest)", Answer(401, Self.challenge()))
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

    @Test func `A31 by a token server for ever end the request`() async throws {
        let scene = try Scene(
            [Self.refused]
                + [Exchange](repeating: Exchange("GET \(Self.token)", Answer(401)), count: 2),
            credentials: Self.user)
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().resolve(Self.tag())
        }
        #expect(error?.failureClass == .denied)
        scene.wire.expectDone()
    }

    @Test func `A31 for ever, with a kept token and ever wider scopes, end the request`()
        async throws
    {
        func wanting(_ actions: String) -> Exchange {
            Exchange(
                "HEAD \(Self.manifest)",
                Answer(401, Self.challenge(#",scope="repository:app:\#(actions)""#)))
        }
        let wider =
            "https://reg.test/token?service=reg.test&scope=repository:app:metadata_read%2Cpull"
        let scene = try Scene(
            [
                Self.refused, Self.issuing("t1"), Self.found, wanting("metadata_read"),
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
