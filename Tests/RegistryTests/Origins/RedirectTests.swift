// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing
import TextSafety

@testable import Registry

/// Redirects to blob stores, which receive no credentials.
@Suite struct RedirectTests {
    // Every kind of redirect, to another host, port and back.
    @Test(
        arguments: [301, 302, 303, 307, 308],
        [
            "https://x.test/blob?sig=1", "https://reg.test:8443/blob", "https://sub.reg.test/blob",
            "https://reg.test.evil.org/blob", "//x.test/blob",
        ])
    func `A01 A02 no credential is sent to a blob store`(status: Int, place: String)
        async throws
    {
        let target = place.hasPrefix("//") ? "https:\(place)" : place
        let scene = try Scene(
            [
                Exchange("GET \(Canary.url)", ScriptedResponse(401, Canary.basic)),
                Exchange("GET \(Canary.url)", ScriptedResponse(status, ["Location": place])),
                Exchange("GET \(target)", ScriptedResponse(302, ["Location": "\(target)2"])),
                Exchange("GET \(target)2", Canary.body),
            ], credentials: Canary.user)
        let stream = try await scene.repository().fetch(blob: Canary.blob.descriptor)
        #expect(try await collect(stream) == Canary.blob.bytes)
        #expect(scene.wire.authorizations.map { $0 != nil } == [false, true, false, false])
        Canary.expectNoLeak(in: scene.wire.requests)
    }

    @Test func `A03 another origin with a challenge receives neither credentials nor a token`()
        async throws
    {
        let scene = try Scene(
            [
                Exchange("GET \(Canary.url)", ScriptedResponse(401, Canary.basic)),
                Exchange(
                    "GET \(Canary.url)", ScriptedResponse(307, ["Location": "https://x.test/blob"])),
                Exchange(
                    "GET https://x.test/blob",
                    ScriptedResponse(
                        401, ["WWW-Authenticate": #"Bearer realm="https://x.test/token""#])),
            ], credentials: Canary.user)
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().fetch(blob: Canary.blob.descriptor)
        }
        #expect(error?.failureClass == .unavailable)
        Canary.expectNoLeak(in: scene.wire.requests)
        scene.wire.expectDone()
    }

    @Test func `A04 a credential is not sent to another repository of the same origin`()
        async throws
    {
        let other = "https://reg.test/v2/other/blobs/\(Canary.blob.digest)"
        let signed = "https://reg.test/downloads/1"
        let scene = try Scene(
            [
                Exchange("GET \(Canary.url)", ScriptedResponse(401, Canary.basic)),
                Exchange("GET \(Canary.url)", ScriptedResponse(307, ["Location": other])),
                Exchange("GET \(other)", ScriptedResponse(307, ["Location": signed])),
                Exchange("GET \(signed)", Canary.body),
            ], credentials: Canary.user)
        _ = try await scene.repository().fetch(blob: Canary.blob.descriptor)
        #expect(scene.wire.authorizations.map { $0 != nil } == [false, true, false, true])
    }

    @Test(arguments: [
        "http://reg.test/blob", "http://x.test/blob", "file:///etc/hostname", "gopher://x.test/",
        "https://user:pw@x.test/", "https://x.test/#f", "https://2130706433/", "https://127.1/",
        "https:///evil/x", "", "../../other",
    ])
    func `A01 A06 redirects to HTTP, other schemes and invalid URLs are blocked`(place: String)
        async throws
    {
        let scene = try Scene([
            Exchange("GET \(Canary.url)", ScriptedResponse(307, ["Location": place]))
        ])
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().fetch(blob: Canary.blob.descriptor)
        }
        #expect(error?.hint == nil)
        scene.wire.expectDone()
    }

    @Test func `A07 a nearer host is blocked, and the hint names the setting that permits it`()
        async throws
    {
        let scene = try Scene([
            Exchange(
                "GET \(Canary.url)", ScriptedResponse(307, ["Location": "https://10.0.0.1:8443/b"]))
        ])
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().fetch(blob: Canary.blob.descriptor)
        }
        #expect(error?.hint?.contains("add 10.0.0.1:8443 to registries.reg.test.allow") == true)
        scene.wire.expectDone()
    }

    // The address of a server within a chain limits the rest of the chain.
    @Test(
        arguments: [
            ("10.0.0.1", "10.0.0.2", "https://10.0.0.3/c", true),
            ("10.0.0.1", "127.0.0.2", "https://127.0.0.3/c", true),
            ("10.0.0.1", "127.0.0.2", "https://10.0.0.3/c", false),
            ("10.0.0.1", "8.8.8.8", "https://10.0.0.3/c", false),
            ("10.0.0.1", "8.8.8.8", "https://8.8.4.4/c", true),
            ("8.8.8.8", "10.0.0.2", "https://10.0.0.3/c", false),
        ])
    func `A07 each hop of a chain is limited by all before it`(
        home: String, middle: String, last: String, isReached: Bool
    ) async throws {
        let start = [
            Exchange(
                "GET \(Canary.url)",
                ScriptedResponse(307, ["Location": "https://b.test/b"]).from(home)),
            Exchange(
                "GET https://b.test/b", ScriptedResponse(307, ["Location": last]).from(middle)),
        ]
        let scene = try Scene(isReached ? start + [Exchange("GET \(last)", Canary.body)] : start)
        let bytes = try? await collect(scene.repository().fetch(blob: Canary.blob.descriptor))
        #expect((bytes == Canary.blob.bytes) == isReached)
        scene.wire.expectDone()
    }

    @Test func `A01 circular redirects end`() async throws {
        let circle = [Exchange](
            repeating: Exchange(
                "GET \(Canary.url)", ScriptedResponse(307, ["Location": Canary.url])),
            count: 6)
        let scene = try Scene(circle)
        await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().fetch(blob: Canary.blob.descriptor)
        }
        scene.wire.expectDone()
    }
}
