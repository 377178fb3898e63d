// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing
import TextSafety

@testable import Registry

/// Uploads and pages of listings that stay at the registry.
@Suite struct UploadLocationTests {
    // The hint names `allow` only where that helps.
    @Test(
        arguments: [
            ("https://x.test/up", "x.test"), ("//x.test/up", "x.test"),
            ("https://reg.test:8443/up", "reg.test:8443"), ("http://reg.test/up", nil),
            ("https://x.test/up#fragment", nil),
        ] as [(String, String?)])
    func `A10 neither a token nor a layer is sent to another origin in Location`(
        place: String, allow: String?
    ) async throws {
        let post = "POST https://reg.test/v2/app/blobs/uploads/"
        let scene = try Scene(
            [
                Exchange(post, ScriptedResponse(401, Canary.basic)),
                Exchange(post, ScriptedResponse(202, ["Location": place])),
            ], credentials: Canary.user)
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().push(
                blob: Canary.blob.descriptor, expecting: .absent, mountingFrom: nil,
                open: Canary.blob.open)
        }
        #expect(
            error?.hint
                == allow.map {
                    "if the host belongs to it, add \($0) to registries.reg.test.allow"
                })
        scene.wire.expectDone()
    }

    @Test func `A10 a layer is sent to a host that the user named, without credentials`()
        async throws
    {
        let post = "POST https://reg.test/v2/app/blobs/uploads/"
        let scene = try Scene(
            [
                Exchange(post, ScriptedResponse(401, Canary.basic)),
                Exchange(post, ScriptedResponse(202, ["Location": "https://store.test/up?sig=1"])),
                Exchange(
                    "PUT https://store.test/up?sig=1&digest=\(Canary.blob.digest)",
                    ScriptedResponse(201)),
            ], ["reg.test": .with { $0.allow(["store.test"]) }], credentials: Canary.user)
        _ = try await scene.repository().push(
            blob: Canary.blob.descriptor, expecting: .absent, mountingFrom: nil,
            open: Canary.blob.open)
        Canary.expectNoLeak(in: scene.wire.requests)
        scene.wire.expectDone()
    }

    @Test func `A12 the next page of a listing is requested from the registry`() async throws {
        let scene = try Scene([
            Exchange(
                "GET https://reg.test/v2/app/tags/list",
                ScriptedResponse(
                    200, ["Link": "<https://x.test/v2/app/tags/list?n=1>; rel=next"],
                    #"{"tags":[]}"#))
        ])
        await #expect(throws: RegistryError.self) { _ = try await scene.repository().tags() }
        scene.wire.expectDone()
    }

    // Only an explicit setting permits a password without TLS.
    @Test(arguments: [
        ("reg.test:5000", false, false), ("reg.test:5000", true, true),
        ("127.0.0.1:5000", false, true), ("localhost:5000", false, true),
    ])
    func `A26 a password requires TLS or an explicit setting`(
        host: String, isAllowed: Bool, goes: Bool
    )
        async throws
    {
        let url = "http://\(host)/v2/app/blobs/\(Canary.blob.digest)"
        let answers = [Exchange("GET \(url)", ScriptedResponse(401, Canary.basic))]
        let scene = try Scene(
            goes ? answers + [Exchange("GET \(url)", Canary.body)] : answers,
            [
                host: .with {
                    $0.plainHTTP = true
                    $0.credentialsOverHTTP = isAllowed
                }
            ], credentials: [host: .user("canary-user", "canary-password")])
        do {
            _ = try await scene.repository("\(host)/app").fetch(blob: Canary.blob.descriptor)
            #expect(goes)
        } catch let error as RegistryError {
            #expect(!goes)
            #expect(error.hint?.contains("credentialsOverHTTP") ?? false)
        }
        scene.wire.expectDone()
    }
}
