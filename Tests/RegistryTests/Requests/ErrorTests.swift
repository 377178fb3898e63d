// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing

@testable import Registry

@Suite struct `Errors of registries` {
    // registries.md: the bytes decide, whatever the content type is.
    @Test(arguments: [
        (#"{"errors":[{"code":"DENIED","message":"no"}]}"#, ["DENIED: no"]),
        (
            #"{"errors":[{"code":"A","detail":"d"},{"code":"B"},{"message":"m"}]}"#,
            ["A: d", "B", "m"]
        ),
        (#"{"errors":[{"code":"A","detail":{"x":1}}]}"#, ["A"]),
        (#"{"details":"invalid name"}"#, ["invalid name"]),
        (#"{"error":"invalid_grant","error_description":"lapsed"}"#, ["invalid_grant: lapsed"]),
        ("Too Many Requests (HAP429)\n", ["Too Many Requests (HAP429)"]),
        ("<html><head><TITLE>504 Gateway</TITLE></head></html>", ["504 Gateway"]),
        ("<html>", []), ("", []), ("  ", []), ("{", ["{"]), (#"{"errors":"x"}"#, []),
    ])
    func `are parsed from any body`(body: String, expected: [String]) {
        #expect(DistributionError.all(in: Array(body.utf8)).map(\.description) == expected)
    }

    func error(_ response: ScriptedResponse, host: String = "reg.test") async throws
        -> RegistryError
    {
        let wire = host == "docker.io" ? "registry-1.docker.io" : host
        let path = host == "docker.io" ? "library/app" : "app"
        let url = "https://\(wire)/v2/\(path)/manifests/\(Sample.manifest.digest)"
        // Every retry receives the same response.
        let scene = try Scene([Exchange](repeating: Exchange("GET \(url)", response), count: 30))
        let repository = try scene.repository("\(host)/app")
        return try #require(
            await #expect(throws: RegistryError.self) {
                try await repository.fetch(manifest: Sample.manifest.descriptor)
            })
    }

    @Test(arguments: [
        ("ghrc.io", "ghrc.io (did you mean ghcr.io?)"),
        ("quay.oi", "quay.oi (did you mean quay.io?)"),
        ("ghrc.io:443", "ghrc.io:443 (did you mean ghcr.io?)"),
        ("ghcr.io", "ghcr.io"), ("registry.example.com", "registry.example.com"),
        ("nvcr.io", "nvcr.io"), ("lscr.io", "lscr.io"), ("icr.io", "icr.io"),
        ("us.icr.io", "us.icr.io"), ("ghcr.azurecr.io", "ghcr.azurecr.io"),
    ])
    func `suggest a public registry for a similar name that does not resolve`(
        name: String, shown: String
    ) throws {
        let operation = Operation(
            kind: .manifestHead, phrase: "reading", registry: try RegistryHost(parsing: name))
        for error in [
            TransportError(.resolve, ""), TransportError(.givenUp, "", cause: .resolve),
        ] {
            let hint = RegistryError(operation, error).hint
            #expect(hint?.contains(" \(shown)\(error.kind == .givenUp ? "," : " and")") == true)
        }
    }

    @Test(
        arguments: [
            TransportError(.connect, ""), TransportError(.givenUp, "", cause: .connect),
            TransportError(.resolve, "", proxy: "the proxy p:1"),
            TransportError(.givenUp, "", proxy: "the proxy p:1", cause: .resolve),
        ])
    func `suggest no registry after another failure`(error: TransportError) throws {
        let hint = error.hint(for: try RegistryHost(parsing: "ghrc.io"))
        #expect(hint != nil && hint?.contains("did you mean") == false)
        #expect(
            error.proxy == nil || hint == "check the proxy p:1 in https_proxy, and no_proxy")
    }

    @Test(arguments: [TransportError.Kind.tls, .notTLS, .certificateName, .certificateTime])
    func `of an HTTPS proxy have hints about the proxy`(kind: TransportError.Kind) throws {
        let error = TransportError(kind, "", proxy: "the proxy https://p:1")
        let hint = try #require(error.hint(for: .init(parsing: "ghcr.io")))
        #expect(hint.contains("the proxy https://p:1"))
        #expect(!hint.contains("--plain-http") && !hint.contains("ghcr.io"))
    }

    @Test(arguments: [
        (401, FailureClass.denied), (403, .denied), (404, .missing), (429, .throttled),
        (400, .unavailable), (500, .unavailable), (503, .unavailable),
    ])
    func `have a class`(status: Int, expected: FailureClass) async throws {
        #expect(try await error(ScriptedResponse(status)).failureClass == expected)
    }

    // A proxy that denies access, or a blocked address, says nothing about the image.
    @Test(arguments: [
        (TransportError.Kind.refused, FailureClass.unavailable), (.tls, .unavailable),
        (.malformed, .unavailable), (.timeout, .unavailable), (.tooLarge, .unavailable),
    ])
    func `have a class without a response`(
        kind: TransportError.Kind, expected: FailureClass
    ) async throws {
        #expect(try await error(.failing(kind)).failureClass == expected)
    }

    // Registries respond 401 or 403 for missing, private and forbidden content.
    @Test(arguments: [401, 403])
    func `A19 never report missing content after 401 or 403`(status: Int)
        async throws
    {
        let error = try await error(
            ScriptedResponse(
                status, ["X-GitHub-Request-Id": "ABCD:1"], #"{"errors":[{"code":"DENIED"}]}"#))
        #expect(
            error.description
                == "reading the manifest \(Sample.manifest.digest) of reg.test/app: "
                + "\(status == 401 ? "authentication required" : "access denied") (\(status)), "
                + "no credentials were sent (DENIED) [request ABCD:1]")
        let hint = try #require(error.hint)
        #expect(hint.contains("private or missing") && hint.contains("log in with"))
    }

    @Test func `are one line, whatever the registry sends`() async throws {
        let body = #"{"errors":[{"code":"A\nB","message":"\u001b[2J\n::error file=x::y"}]}"#
        let error = try await error(ScriptedResponse(400, [:], body))
        #expect(!error.description.contains { $0.isNewline || $0 == "\u{1B}" })
        #expect(!error.description.contains("::error"))
    }

    @Test func `keep only the beginning of a body`() async throws {
        let long = String(repeating: "a", count: 200_000)
        #expect(try await error(ScriptedResponse(400, [:], long)).description.utf8.count < 2000)
    }

    // Docker Hub's two kinds of 429.
    @Test func `distinguish the pull rate limit from throttling`() async throws {
        let quota = try await error(
            ScriptedResponse(
                429, [:],
                #"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"}]}"#
            ),
            host: "docker.io")
        #expect(quota.failureClass == .quota)
        let abuse = try await error(
            ScriptedResponse(429, [:], "Too Many Requests"), host: "docker.io")
        #expect(abuse.failureClass == .throttled)
    }

    // F02.
    @Test(arguments: [
        ScriptedResponse(403, [:], "denied: secondary rate limit exceeded, wait a few minutes"),
        ScriptedResponse(
            403, [:], #"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}"#),
    ])
    func `recognize throttling with another status`(response: ScriptedResponse) async throws {
        #expect(try await error(response).failureClass == .throttled)
    }

    @Test func `of certificates are permanent`() async throws {
        let error = try await error(.failing(.tls))
        #expect(error.failureClass == .unavailable)
        #expect(error.description.hasSuffix("of reg.test/app: no response"))
    }
}
