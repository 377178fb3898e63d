// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing
import Wording

@testable import Registry

/// Whatever address a registry names, no secret leaves for another origin.
@Suite struct `Secrets` {
    static let blob = Sample.blob
    static let url = "https://reg.test/v2/app/blobs/\(blob.digest)"
    static let user = ["reg.test": Credential.user("canary-user", "canary-password")]
    static let basic: HTTPFields = ["WWW-Authenticate": "Basic realm=x"]
    static let body = Answer(200, bytes: [blob.bytes])

    /// The secrets in each form in which they could appear.
    static let canaries = [
        "canary", Base64.encode(Array("canary-user:canary-password".utf8)), "Basic ", "Bearer ",
    ]

    func expectNoLeak(_ scene: Scene, _ location: SourceLocation = #_sourceLocation) {
        for request in scene.wire.requests where !request.url.hasPrefix("https://reg.test/") {
            for canary in Self.canaries {
                #expect(!request.wire.contains(canary), sourceLocation: location)
            }
        }
    }

    // A01, A02: every kind of redirect, to another host, port and back.
    @Test(
        arguments: [301, 302, 303, 307, 308],
        [
            "https://x.test/blob?sig=1", "https://reg.test:8443/blob", "https://sub.reg.test/blob",
            "https://reg.test.evil.org/blob", "//x.test/blob",
        ])
    func `stay at home when a blob is elsewhere`(status: Int, place: String) async throws {
        let target = place.hasPrefix("//") ? "https:\(place)" : place
        let scene = try Scene(
            [
                Exchange("GET \(Self.url)", Answer(401, Self.basic)),
                Exchange("GET \(Self.url)", Answer(status, ["Location": place])),
                Exchange("GET \(target)", Answer(302, ["Location": "\(target)2"])),
                Exchange("GET \(target)2", Self.body),
            ], credentials: Self.user)
        let stream = try await scene.repository().fetch(blob: Self.blob.descriptor)
        #expect(try await collect(stream) == Self.blob.bytes)
        #expect(scene.wire.authorizations.map { $0 != nil } == [false, true, false, false])
        expectNoLeak(scene)
    }

    // A03: another place that asks for credentials gets none, nor a token for them.
    @Test func `are not shown to whoever asks elsewhere`() async throws {
        let scene = try Scene(
            [
                Exchange("GET \(Self.url)", Answer(401, Self.basic)),
                Exchange("GET \(Self.url)", Answer(307, ["Location": "https://x.test/blob"])),
                Exchange(
                    "GET https://x.test/blob",
                    Answer(401, ["WWW-Authenticate": #"Bearer realm="https://x.test/token""#])),
            ], credentials: Self.user)
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().fetch(blob: Self.blob.descriptor)
        }
        #expect(error?.failureClass == .unavailable)
        expectNoLeak(scene)
        scene.wire.expectDone()
    }

    // A04: on the same origin, another repository is another right.
    @Test func `are not lent to another repository`() async throws {
        let other = "https://reg.test/v2/other/blobs/\(Self.blob.digest)"
        let signed = "https://reg.test/downloads/1"
        let scene = try Scene(
            [
                Exchange("GET \(Self.url)", Answer(401, Self.basic)),
                Exchange("GET \(Self.url)", Answer(307, ["Location": other])),
                Exchange("GET \(other)", Answer(307, ["Location": signed])),
                Exchange("GET \(signed)", Self.body),
            ], credentials: Self.user)
        _ = try await scene.repository().fetch(blob: Self.blob.descriptor)
        #expect(scene.wire.authorizations.map { $0 != nil } == [false, true, false, true])
    }

    // A01, A06: away from TLS, to other schemes, to nowhere, in circles.
    @Test(arguments: [
        "http://reg.test/blob", "http://x.test/blob", "file:///etc/hostname", "gopher://x.test/",
        "https://user:pw@x.test/", "https://x.test/#f", "https://2130706433/", "https://127.1/",
        "https:///evil/x", "", "../../other",
    ])
    func `go with no request to addresses that are refused`(place: String) async throws {
        let scene = try Scene([Exchange("GET \(Self.url)", Answer(307, ["Location": place]))])
        await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().fetch(blob: Self.blob.descriptor)
        }
        scene.wire.expectDone()
    }

    @Test func `do not go round in circles`() async throws {
        let circle = [Exchange](
            repeating: Exchange("GET \(Self.url)", Answer(307, ["Location": Self.url])), count: 6)
        let scene = try Scene(circle)
        await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().fetch(blob: Self.blob.descriptor)
        }
        scene.wire.expectDone()
    }

    // A05: where a realm may be, and who is shown the password there.
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
    func `go to token servers that belong to the registry`(
        realm: String, host: String, tokenHosts: [String], isAsked: Bool, isTrusted: Bool
    ) throws {
        let registry = try RegistryHost(parsing: host)
        let found = try? RealmRule.realm(
            realm, of: registry, at: Origin.of(registry, plainHTTP: false),
            .with { $0.tokenHosts = tokenHosts }, ledBy: .global)
        #expect((found != nil) == isAsked)
        #expect(found?.isTrusted ?? false == isTrusted)
    }

    @Test func `of a plain registry may be asked for by itself`() throws {
        let registry = try RegistryHost(parsing: "reg.test:5000")
        let origin = try Origin.of(registry, plainHTTP: true)
        let realm = try RealmRule.realm(
            "http://reg.test:5000/token", of: registry, at: origin, RegistrySettings(),
            ledBy: .global)
        #expect(realm.isTrusted)
        #expect(throws: URLError.self) {
            try RealmRule.realm(
                "http://reg.test/token", of: registry, at: origin, RegistrySettings(),
                ledBy: .global)
        }
    }

    // A05: nothing is sent, and the message says which key would allow it.
    @Test func `are not shown to a foreign token server`() async throws {
        let scene = try Scene(
            [
                Exchange(
                    "GET \(Self.url)",
                    Answer(401, ["WWW-Authenticate": #"Bearer realm="https://x.test/token""#]))
            ], credentials: Self.user)
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().fetch(blob: Self.blob.descriptor)
        }
        #expect(error?.hint?.contains("registries.reg.test.tokenHosts") ?? false)
        scene.wire.expectDone()
    }

    @Test func `follow no redirect of a token server`() async throws {
        let scene = try Scene(
            [
                Exchange(
                    "GET \(Self.url)",
                    Answer(401, ["WWW-Authenticate": #"Bearer realm="https://reg.test/token""#])),
                Exchange(
                    "GET https://reg.test/token?scope=repository:app:pull",
                    Answer(302, ["Location": "https://x.test/token"])),
            ], credentials: Self.user)
        await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().fetch(blob: Self.blob.descriptor)
        }
        scene.wire.expectDone()
    }

    // A10: neither the token nor the layer goes where an upload's Location points.
    @Test(arguments: [
        "https://x.test/up", "//x.test/up", "http://reg.test/up", "https://reg.test:8443/up",
    ])
    func `and layers stay with the registry in an upload`(place: String) async throws {
        let post = "POST https://reg.test/v2/app/blobs/uploads/"
        let scene = try Scene(
            [
                Exchange(post, Answer(401, Self.basic)),
                Exchange(post, Answer(202, ["Location": place])),
            ], credentials: Self.user)
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().push(
                blob: Self.blob.descriptor, mountingFrom: nil, open: Self.blob.open)
        }
        #expect(error?.hint?.contains("registries.reg.test.allow") ?? false)
        scene.wire.expectDone()
    }

    @Test func `stay at home where an upload may go elsewhere`() async throws {
        let post = "POST https://reg.test/v2/app/blobs/uploads/"
        let scene = try Scene(
            [
                Exchange(post, Answer(401, Self.basic)),
                Exchange(post, Answer(202, ["Location": "https://store.test/up?sig=1"])),
                Exchange("PUT https://store.test/up?sig=1&digest=\(Self.blob.digest)", Answer(201)),
            ], ["reg.test": .with { $0.allow = ["store.test"] }], credentials: Self.user)
        _ = try await scene.repository().push(
            blob: Self.blob.descriptor, mountingFrom: nil, open: Self.blob.open)
        expectNoLeak(scene)
        scene.wire.expectDone()
    }

    // A12.
    @Test func `are not taken along to the next page of a listing`() async throws {
        let scene = try Scene([
            Exchange(
                "GET https://reg.test/v2/app/tags/list",
                Answer(
                    200, ["Link": "<https://x.test/v2/app/tags/list?n=1>; rel=next"],
                    #"{"tags":[]}"#))
        ])
        await #expect(throws: RegistryError.self) { _ = try await scene.repository().tags() }
        scene.wire.expectDone()
    }

    // A26: only what is written in the configuration sends a password without TLS.
    @Test(arguments: [
        ("reg.test:5000", false, false), ("reg.test:5000", true, true),
        ("127.0.0.1:5000", false, true), ("localhost:5000", false, true),
    ])
    func `need TLS or the user's word`(host: String, isAllowed: Bool, goes: Bool) async throws {
        let url = "http://\(host)/v2/app/blobs/\(Self.blob.digest)"
        let answers = [Exchange("GET \(url)", Answer(401, Self.basic))]
        let scene = try Scene(
            goes ? answers + [Exchange("GET \(url)", Self.body)] : answers,
            [
                host: .with {
                    $0.plainHTTP = true
                    $0.credentialsOverHTTP = isAllowed
                }
            ], credentials: [host: .user("canary-user", "canary-password")])
        do {
            _ = try await scene.repository("\(host)/app").fetch(blob: Self.blob.descriptor)
            #expect(goes)
        } catch let error as RegistryError {
            #expect(!goes)
            #expect(error.hint?.contains("credentialsOverHTTP") ?? false)
        }
        scene.wire.expectDone()
    }
}
