// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing

@testable import Registry

/// Responses of a captive portal, a login page or a proxy instead of the registry.
@Suite(.timeLimit(.minutes(10))) struct `Web pages instead of a registry's response` {
    private static let base = "https://reg.test/v2/app"
    private static let body =
        "<!DOCTYPE html><html><head><title>Sign in to Corp</title></head></html>"
    private static let html: HTTPFields = ["Content-Type": "text/html; charset=utf-8"]
    private static let sample = Sample.manifest

    private let tag: ManifestName

    init() throws {
        tag = .tag(try Tag(parsing: "1"))
    }

    private static func page(_ status: Int = 200) -> ScriptedResponse {
        ScriptedResponse(status, html, body)
    }

    /// Expects that nothing is concluded, and that the message describes the response.
    private func expectUnavailable(
        _ exchanges: [Exchange], mentions text: String = "web page",
        location: SourceLocation = #_sourceLocation,
        _ body: (RemoteRepository) async throws -> Void
    ) async throws {
        let scene = try Scene(exchanges)
        let repository = try scene.repository()
        let error = await #expect(throws: RegistryError.self, sourceLocation: location) {
            try await body(repository)
        }
        #expect(error?.failureClass == .unavailable, sourceLocation: location)
        #expect(
            error?.description.contains(text) == true, "\(error as Any)", sourceLocation: location)
        #expect(error?.hint?.contains("proxy") == true, sourceLocation: location)
        scene.wire.expectDone()
    }

    @Test(arguments: [200, 404])
    func `are neither a tag nor a missing tag`(status: Int) async throws {
        try await expectUnavailable([
            Exchange("HEAD \(Self.base)/manifests/1", ScriptedResponse(status, Self.html)),
            Exchange("GET \(Self.base)/manifests/1", Self.page(status)),
        ]) { _ = try await $0.resolve(tag) }
    }

    @Test func `do not hide a manifest that GET returns`() async throws {
        let scene = try Scene([
            Exchange("HEAD \(Self.base)/manifests/1", ScriptedResponse(200, Self.html)),
            Exchange(
                "GET \(Self.base)/manifests/1",
                ScriptedResponse(200, Self.sample.fields, bytes: [Self.sample.bytes])),
        ])
        #expect(try await scene.repository().resolve(tag) == Self.sample.descriptor)
    }

    @Test func `behind a redirect are reported with the host that sent them`() async throws {
        let login = "https://login.test/?next=x"
        try await expectUnavailable(
            [
                Exchange(
                    "HEAD \(Self.base)/manifests/1", ScriptedResponse(302, ["Location": login])),
                Exchange("HEAD \(login)", ScriptedResponse(200, Self.html)),
                Exchange(
                    "GET \(Self.base)/manifests/1", ScriptedResponse(302, ["Location": login])),
                Exchange("GET \(login)", Self.page()),
            ], mentions: "https://login.test: web page instead of a registry response"
        ) { _ = try await $0.resolve(tag) }
    }

    @Test(arguments: [200, 404])
    func `are neither content nor missing content`(status: Int) async throws {
        let digest = Sample.blob.digest
        try await expectUnavailable([
            Exchange("GET \(Self.base)/manifests/\(Self.sample.digest)", Self.page(status))
        ]) { _ = try await $0.fetch(manifest: Self.sample.descriptor) }
        try await expectUnavailable([
            Exchange("HEAD \(Self.base)/blobs/\(digest)", ScriptedResponse(status, Self.html))
        ]) { _ = try await $0.exists(blob: Sample.blob.descriptor) }
        try await expectUnavailable([
            Exchange("GET \(Self.base)/blobs/\(digest)", Self.page(status))
        ]) { _ = try await collect(try await $0.fetch(blob: Sample.blob.descriptor)) }
        try await expectUnavailable([Exchange("GET \(Self.base)/tags/list", Self.page(status))]) {
            _ = try await $0.tags()
        }
        try await expectUnavailable([
            Exchange("DELETE \(Self.base)/manifests/1", Self.page(status))
        ]) { try await $0.delete(tag) }
    }

    @Test func `are not a list of referrers`() async throws {
        try await expectUnavailable([
            Exchange("GET \(Self.base)/referrers/\(Self.sample.digest)", Self.page())
        ]) { _ = try await $0.referrers(of: Self.sample.digest) }
    }

    @Test func `do not confirm a write`() async throws {
        let session = ScriptedResponse(202, ["Location": "/v2/app/blobs/uploads/1"])
        try await expectUnavailable([
            Exchange("POST \(Self.base)/blobs/uploads/", session),
            Exchange(
                "PUT \(Self.base)/blobs/uploads/1?digest=\(Sample.blob.digest)", Self.page()),
        ]) {
            _ = try await $0.push(
                blob: Sample.blob.descriptor, expecting: .absent, mountingFrom: nil,
                open: Sample.blob.open)
        }
        try await expectUnavailable([Exchange("POST \(Self.base)/blobs/uploads/", Self.page())]) {
            _ = try await $0.push(
                blob: Sample.blob.descriptor, expecting: .absent, mountingFrom: nil,
                open: Sample.blob.open)
        }
        try await expectUnavailable([Exchange("PUT \(Self.base)/manifests/1", Self.page())]) {
            try await $0.push(manifest: Self.sample.raw, as: tag)
        }
    }

    // A target that labels its 404 as a page has no such manifest; the write shows whether it is
    // permitted.
    @Test func `do not prevent the first write`() async throws {
        let scene = try Scene([
            Exchange("HEAD \(Self.base)/manifests/1", ScriptedResponse(404, Self.html)),
            Exchange("GET \(Self.base)/manifests/1", Self.page(404)),
        ])
        #expect(try await scene.repository().currentDescriptor(of: tag) == nil)
    }

    // Quay and Pulp label responses without a body as text/html.
    @Test func `are not detected in a registry's own responses`() async throws {
        func labeled(_ status: Int, _ fields: HTTPFields = [:]) -> ScriptedResponse {
            var fields = fields
            fields.append("Content-Type", "text/html; charset=utf-8")
            return ScriptedResponse(status, fields)
        }
        let scene = try Scene([
            Exchange(
                "POST \(Self.base)/blobs/uploads/",
                labeled(202, ["Location": "/v2/app/blobs/uploads/1", "Docker-Upload-UUID": "1"])),
            Exchange(
                "PUT \(Self.base)/blobs/uploads/1?digest=\(Sample.blob.digest)",
                labeled(200, ["Docker-Content-Digest": "\(Sample.blob.digest)"])),
            Exchange("DELETE \(Self.base)/manifests/1", labeled(202)),
            Exchange(
                "HEAD \(Self.base)/blobs/\(Sample.blob.digest)",
                labeled(200, ["Docker-Content-Digest": "\(Sample.blob.digest)"])),
        ])
        let repository = try scene.repository()
        _ = try await repository.push(
            blob: Sample.blob.descriptor, expecting: .absent, mountingFrom: nil,
            open: Sample.blob.open)
        try await repository.delete(tag)
        #expect(try await repository.exists(blob: Sample.blob.descriptor))
        scene.wire.expectDone()
    }

    @Test func `may be the content of an artifact`() async throws {
        let report = Sample("<html></html>", try MediaType(parsing: "text/html"))
        let scene = try Scene([
            Exchange(
                "GET \(Self.base)/blobs/\(report.digest)",
                ScriptedResponse(200, Self.html, bytes: [report.bytes]))
        ])
        let stream = try await scene.repository().fetch(blob: report.descriptor)
        #expect(try await collect(stream) == report.bytes)
    }

    // MARK: Other unexpected responses

    @Test(arguments: [
        ScriptedResponse(200),
        ScriptedResponse(200, ["Content-Type": "application/json"], #"{"error":"log in"}"#),
        ScriptedResponse(200, ["Content-Type": "text/plain"], "Blocked by policy"),
        ScriptedResponse(200, ["Content-Type": "text/html", "Location": "/"], body),
        ScriptedResponse(200, ["Content-Type": MediaType.ociIndex.name], body),
        ScriptedResponse(200, ["Content-Type": MediaType.ociIndex.name], #"{"errors":[]}"#),
        ScriptedResponse(
            200, ["Content-Type": MediaType.ociManifest.name], #"{"schemaVersion":2}"#),
        ScriptedResponse(200, ["Content-Type": "application/vnd.api+json"], #"{"errors":[]}"#),
    ])
    func `are reported like other bytes instead of a manifest`(response: ScriptedResponse)
        async throws
    {
        try await expectUnavailable(
            [
                Exchange("HEAD \(Self.base)/manifests/1", ScriptedResponse(405)),
                Exchange("GET \(Self.base)/manifests/1", response),
            ], mentions: "expected a manifest, got"
        ) { _ = try await $0.resolve(tag) }
    }

    @Test(arguments: ["", "[]", "{}", #"{"message":"log in"}"#, #"{"tags":"1"}"#, "Blocked"])
    func `are reported like other bytes instead of a listing`(body: String) async throws {
        try await expectUnavailable(
            [Exchange("GET \(Self.base)/tags/list", ScriptedResponse(200, [:], body))],
            mentions: "expected a listing"
        ) { _ = try await $0.tags() }
    }

    // The registry states that these bytes are the manifest, so the response is genuine.
    @Test func `are distinguished from an invalid manifest of the registry`() async throws {
        let bad = Sample(#"{"schemaVersion":2}"#, .ociManifest)
        let scene = try Scene([
            Exchange("HEAD \(Self.base)/manifests/1", ScriptedResponse(405)),
            Exchange(
                "GET \(Self.base)/manifests/1",
                ScriptedResponse(200, bad.fields, bytes: [bad.bytes])),
        ])
        #expect(try await scene.repository().resolve(tag) == bad.descriptor)
    }

    @Test func `are distinguished from corrupt bytes`() async throws {
        let response = ScriptedResponse(200, Self.sample.fields, #"{"schemaVersion":2}"#)
        let scene = try Scene([
            Exchange("HEAD \(Self.base)/manifests/1", ScriptedResponse(405)),
            Exchange("GET \(Self.base)/manifests/1", response),
        ])
        let repository = try scene.repository()
        let error = await #expect(throws: RegistryError.self) {
            _ = try await repository.resolve(tag)
        }
        #expect(error?.failureClass == .integrity)
    }

    @Test func `are escaped in messages`() async throws {
        let body = "<title>\u{1B}[2J\n::error::forged \(String(repeating: "x", count: 999))</title>"
        let scene = try Scene([
            Exchange(
                "GET \(Self.base)/tags/list",
                ScriptedResponse(200, ["Content-Type": "text/plain; ##[error]x"], body))
        ])
        let repository = try scene.repository()
        let error = await #expect(throws: RegistryError.self) { _ = try await repository.tags() }
        let text = try #require(error?.description)
        #expect(!text.contains("\u{1B}") && !text.contains("\n") && !text.contains(" ::error"))
        #expect(text.count < 400)
    }
}
