// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing

@testable import Registry

/// The scopes of token requests, and the scopes that a registry can request.
@Suite struct `Scopes` {
    @Test(arguments: [
        ("repository:app:pull", ["repository:app:pull"]),
        ("repository:a/b:push,pull", ["repository:a/b:pull,push"]),
        (
            "repository:host:5000/a:pull repository:b:metadata_read",
            ["repository:host:5000/a:pull", "repository:b:metadata_read"]
        ),
        ("repository:app:pull,delete,*", ["repository:app:pull"]),
        ("repository:app:delete", []), ("registry:catalog:*", []), ("x", []), ("", []),
        ("repository:", []), ("repository::pull", []), ("repository:app", []),
    ])
    func `are parsed from a challenge`(text: String, expected: [String]) {
        #expect(Scope.all(in: text).map(\.description) == expected)
    }

    @Test(arguments: [
        ("repository:app:metadata_read", "metadata_read,pull"),
        ("repository:app:push", "pull"), ("repository:other:pull,metadata_read", "pull"),
    ])
    func `are extended by the actions that a read can use`(named: String, actions: String) {
        let scopes = Access.pull("app").scopes(and: Scope.all(in: named))
        #expect(scopes.map(\.description) == ["repository:app:\(actions)"])
    }

    @Test func `of a mount include its source, and are extended for it, too`() {
        var access = Access.push("app")
        access.sibling = "base"
        #expect(
            access.scopes(and: Scope.all(in: "repository:base:push,metadata_read")).map(
                \.description)
                == ["repository:app:pull,push", "repository:base:metadata_read,pull"])
    }

    static let url = "https://reg.test/v2/app/tags/list"
    static func token(_ host: String, _ actions: String) -> String {
        "https://\(host)/token?service=\(host)&scope=repository:app:\(actions)"
    }
    static func challenge(_ host: String, _ more: String = "") -> HTTPFields {
        ["WWW-Authenticate": #"Bearer realm="https://\#(host)/token",service="\#(host)"\#(more)"#]
    }
    static let listing = ScriptedResponse(200, [:], #"{"name":"app","tags":["1"]}"#)

    @Test(arguments: [401, 403])
    func `are extended after an error response that names more, permanently`(status: Int)
        async throws
    {
        let short = Self.challenge(
            "reg.test", #",error="insufficient_scope",scope="repository:app:metadata_read""#)
        let scene = try Scene([
            Exchange("GET \(Self.url)", ScriptedResponse(401, Self.challenge("reg.test"))),
            Exchange(
                "GET \(Self.token("reg.test", "pull"))",
                ScriptedResponse(200, [:], #"{"token":"t1"}"#)),
            Exchange("GET \(Self.url)", ScriptedResponse(status, short)),
            Exchange(
                "GET \(Self.token("reg.test", "metadata_read%2Cpull"))",
                ScriptedResponse(200, [:], #"{"token":"t2"}"#)),
            Exchange("GET \(Self.url)", Self.listing), Exchange("GET \(Self.url)", Self.listing),
        ])
        let repository = try scene.repository()
        for _ in 0..<2 { #expect(try await repository.tags().map(\.name) == ["1"]) }
        #expect(scene.wire.authorizations.suffix(2) == ["Bearer t2", "Bearer t2"])
        scene.wire.expectDone()
    }

    @Test func `of a tag listing at Azure include a separate permission`() async throws {
        let host = "a.azurecr.io"
        let url = "https://\(host)/v2/app/tags/list"
        let scene = try Scene([
            Exchange("GET \(url)", ScriptedResponse(401, Self.challenge(host))),
            Exchange(
                "GET \(Self.token(host, "metadata_read%2Cpull"))",
                ScriptedResponse(200, [:], #"{"access_token":"t"}"#)),
            Exchange("GET \(url)", Self.listing),
        ])
        _ = try await scene.repository("\(host)/app").tags()
        scene.wire.expectDone()
    }

    // MARK: Error responses without a challenge

    static let manifest = "https://reg.test/v2/app/manifests/1"

    @Test(arguments: [401, 403])
    func `are requested after a version check if there is no challenge`(
        status: Int
    ) async throws {
        let scene = try Scene([
            Exchange("HEAD \(Self.manifest)", ScriptedResponse(status)),
            Exchange("GET https://reg.test/v2/", ScriptedResponse(401, Self.challenge("reg.test"))),
            Exchange(
                "GET \(Self.token("reg.test", "pull"))",
                ScriptedResponse(200, [:], #"{"token":"t"}"#)),
            Exchange("HEAD \(Self.manifest)", ScriptedResponse(200, Sample.manifest.fields)),
        ])
        _ = try await scene.repository().resolve(.tag(Tag(parsing: "1")))
        #expect(scene.wire.authorizations == [nil, nil, nil, "Bearer t"])
        scene.wire.expectDone()
    }

    @Test(arguments: [ScriptedResponse(200), ScriptedResponse(404), ScriptedResponse(403)])
    func `are not requested if the registry has no challenge, which is checked once`(
        response: ScriptedResponse
    ) async throws {
        let scene = try Scene(
            [Exchange("GET https://reg.test/v2/", response)]
                + ["HEAD", "GET", "HEAD", "GET"].map {
                    Exchange("\($0) \(Self.manifest)", ScriptedResponse(403))
                })
        let repository = try scene.repository()
        for _ in 0..<2 {
            let error = await #expect(throws: RegistryError.self) {
                _ = try await repository.resolve(.tag(Tag(parsing: "1")))
            }
            #expect(error?.failureClass == .denied && error?.status == 403)
        }
        #expect(scene.wire.lines.count { $0.hasSuffix("/v2/") } == 1)
        scene.wire.expectDone()
    }

    // GHCR responds so to a request with credentials.
    @Test func `are requested again if a cached token is rejected without a challenge`()
        async throws
    {
        let url = Self.token("reg.test", "pull")
        let found = Exchange("HEAD \(Self.manifest)", ScriptedResponse(200, Sample.manifest.fields))
        let scene = try Scene([
            Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, Self.challenge("reg.test"))),
            Exchange("GET \(url)", ScriptedResponse(200, [:], #"{"token":"t1"}"#)), found,
            Exchange("HEAD \(Self.manifest)", ScriptedResponse(403)),
            Exchange("GET \(url)", ScriptedResponse(200, [:], #"{"token":"t2"}"#)), found,
        ])
        let repository = try scene.repository()
        for _ in 0..<2 { _ = try await repository.resolve(.tag(Tag(parsing: "1"))) }
        #expect(scene.wire.authorizations.last == "Bearer t2")
        scene.wire.expectDone()
    }
}
