// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing

@testable import Registry

@Suite struct ReferrerListTests {
    private static let subject = Sample.manifest.digest
    private static let list = "https://reg.test/v2/app/referrers/\(subject)"

    private static func page(_ digests: String..., link: String? = nil) -> ScriptedResponse {
        let entries = digests.map {
            #"{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":7,"#
                + #""digest":"sha256:\#(String(repeating: $0, count: 64))","#
                + #""artifactType":"application/spdx+json","annotations":{"a":"b"}}"#
        }
        let body = #"{"schemaVersion":2,"manifests":[\#(entries.joined(separator: ","))]}"#
        return ScriptedResponse(200, link.map { ["Link": $0] } ?? [:], body)
    }

    @Test func `is read page by page`() async throws {
        let scene = try Scene([
            Exchange("GET \(Self.list)", Self.page("a", "b", link: "<?last=b>; rel=next")),
            Exchange("GET \(Self.list)?last=b", Self.page("c")),
        ])
        let found = try #require(try await scene.repository().referrers(of: Self.subject))
        #expect(found.map { $0.digest.hex.first } == ["a", "b", "c"])
        #expect(found.allSatisfy { $0.artifactType?.name == "application/spdx+json" })
        scene.wire.expectDone()
    }

    @Test(arguments: [400, 404, 405, 501])
    func `is not requested again if a registry has none`(status: Int) async throws {
        let scene = try Scene([Exchange("GET \(Self.list)", ScriptedResponse(status))])
        let repository = try scene.repository()
        #expect(try await repository.referrers(of: Self.subject) == nil)
        #expect(try await repository.referrers(of: Self.subject) == nil)
        scene.wire.expectDone()
    }

    @Test(arguments: ["NAME_UNKNOWN", "MANIFEST_UNKNOWN"])
    func `is requested again if only the repository or the manifest is missing`(code: String)
        async throws
    {
        let body = #"{"errors":[{"code":"\#(code)","message":"unknown"}]}"#
        let scene = try Scene([
            Exchange("GET \(Self.list)", ScriptedResponse(404, [:], body)),
            Exchange("GET \(Self.list)", Self.page("a")),
        ])
        let repository = try scene.repository()
        #expect(try await repository.referrers(of: Self.subject) == nil)
        #expect(try await repository.referrers(of: Self.subject)?.count == 1)
        scene.wire.expectDone()
    }

    @Test func `is not requested again if a host to which the registry redirects has none`()
        async throws
    {
        let other = "https://cdn.test/list"
        let scene = try Scene([
            Exchange("GET \(Self.list)", ScriptedResponse(307, ["Location": other])),
            Exchange("GET \(other)", ScriptedResponse(404)),
        ])
        let repository = try scene.repository()
        #expect(try await repository.referrers(of: Self.subject) == nil)
        #expect(try await repository.referrers(of: Self.subject) == nil)
        scene.wire.expectDone()
    }

    @Test(arguments: [400, 404, 405, 501])
    func `does not count as missing because the token server fails`(status: Int) async throws {
        let challenge = ScriptedResponse(
            401, ["WWW-Authenticate": #"Bearer realm="https://auth.test/token",service="r""#])
        let scene = try Scene([
            Exchange("GET \(Self.list)", challenge),
            Exchange(
                "GET https://auth.test/token?service=r&scope=repository:app:pull",
                ScriptedResponse(status)),
        ])
        await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().referrers(of: Self.subject)
        }
        #expect(try scene.repository().client.listsReferrers)
        scene.wire.expectDone()
    }

    @Test(arguments: [
        "https://evil.test/v2/app/referrers/x", "//evil.test/", "http://reg.test/v2/app",
    ])
    func `A14 does not continue at another host`(link: String) async throws {
        let scene = try Scene([
            Exchange("GET \(Self.list)", Self.page("a", link: "<\(link)>; rel=next"))
        ])
        await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().referrers(of: Self.subject)
        }
        scene.wire.expectDone()
    }

    @Test func `F16 is limited`() async throws {
        let loop = Self.page("a", link: "<?last=a>; rel=next")
        let scene = try Scene([
            Exchange("GET \(Self.list)", loop), Exchange("GET \(Self.list)?last=a", loop),
        ])
        await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().referrers(of: Self.subject)
        }
    }

    @Test(arguments: ["[]", "{}", #"{"schemaVersion":2,"manifests":[{"digest":"x"}]}"#])
    func `that is malformed is an error`(body: String) async throws {
        let scene = try Scene([Exchange("GET \(Self.list)", ScriptedResponse(200, [:], body))])
        await #expect(throws: RegistryError.self) {
            _ = try await scene.repository().referrers(of: Self.subject)
        }
    }

    // Azure limits lists of referrers separately.
    @Test func `that is throttled does not delay other requests`() async throws {
        let tag = "https://reg.test/v2/app/manifests/1"
        let (closed, gate) = (Barrier(2), Barrier(2))
        let time = VirtualTime {
            try await closed.arrive()
            try await gate.arrive()
        }
        let scene = try Scene(
            [
                Exchange("GET \(Self.list)", ScriptedResponse(429, ["Retry-After": "5"])),
                Exchange("GET \(Self.list)", Self.page("a")),
                Exchange("HEAD \(tag)", ScriptedResponse(200, Sample.manifest.fields)),
            ], time: time)
        let repository = try scene.repository()
        async let found = repository.referrers(of: Self.subject)
        try await closed.arrive()
        // The list waits now; if it shared the throttle of the registry, this request would wait
        // too.
        #expect(try await repository.resolve(.tag(Tag(parsing: "1"))) != nil)
        #expect(time.waits.isEmpty)
        try await gate.arrive()
        #expect(try await found?.count == 1)
    }
}
