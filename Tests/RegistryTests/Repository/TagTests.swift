// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI
import Testing

@testable import Registry

@Suite struct `Tags` {
    static let list = "https://reg.test/v2/app/tags/list"

    func names(_ exchanges: [Exchange], of name: String = "reg.test/app") async throws -> [String] {
        let scene = try Scene(exchanges)
        let names = try await scene.repository(name).tags().map(\.name)
        scene.wire.expectDone()
        return names
    }

    @Test func `are listed page by page, each once, in the registry's order`() async throws {
        let names = try await names([
            Exchange(
                "GET \(Self.list)",
                ScriptedResponse(
                    200, ["Link": #"</v2/app/tags/list?last=b&n=2>; rel="next""#],
                    #"{"tags":["z","b"]}"#)),
            Exchange(
                "GET \(Self.list)?last=b&n=2", ScriptedResponse(200, [:], #"{"tags":["b","a"]}"#)),
        ])
        #expect(names == ["z", "b", "a"])
    }

    // Quay has sent the link without brackets, Artifactory without a part of the path.
    @Test(arguments: [
        #"/v2/app/tags/list?last=b; rel="next""#, "<?last=b>; rel=next",
        #"<https://reg.test/v2/app/tags/list?last=b>; title=x; rel="next""#,
        #"</x>; rel="prev", </app/tags/list?last=b>;rel=next"#, "<//reg.test/x?last=b>; REL=Next",
        #"<?last=b>; rel="next last""#, #"<?last=b>; title="a, b; c"; rel="next""#,
    ])
    func `are found with every form of link`(link: String) async throws {
        let names = try await names([
            Exchange("GET \(Self.list)", ScriptedResponse(200, ["Link": link], #"{"tags":["a"]}"#)),
            Exchange("GET \(Self.list)?last=b", ScriptedResponse(200, [:], #"{"tags":["b"]}"#)),
        ])
        #expect(names == ["a", "b"])
    }

    @Test func `may be null, and are requested in pages of 100 at Quay`() async throws {
        #expect(
            try await names([
                Exchange("GET \(Self.list)", ScriptedResponse(200, [:], #"{"tags":null}"#))
            ])
                == [])
        #expect(
            try await names(
                [
                    Exchange(
                        "GET https://quay.io/v2/a/b/tags/list?n=100",
                        ScriptedResponse(200, [:], #"{"tags":["1"]}"#))
                ],
                of: "quay.io/a/b") == ["1"])
    }

    // An invalid name could address another repository.
    @Test func `A14 that are invalid are skipped and counted`() async throws {
        let long = String(repeating: "a", count: 129)
        let scene = try Scene([
            Exchange(
                "GET \(Self.list)",
                ScriptedResponse(
                    200, [:],
                    #"{"tags":["../../x/manifests/y","a?x","a#x","a%2f..","","\#(long)","good"]}"#))
        ])
        let repository = try scene.repository()
        #expect(try await repository.tags().map(\.name) == ["good"])
        #expect(
            scene.events.all.contains(
                .invalidTagsSkipped(repository: repository.repository, count: 6)))
    }

    @Test func `F16 in an endless listing are an error`() async throws {
        let loop = ScriptedResponse(200, ["Link": "<?last=a>; rel=next"], #"{"tags":["a"]}"#)
        await #expect(throws: RegistryError.self) {
            _ = try await names([
                Exchange("GET \(Self.list)", loop), Exchange("GET \(Self.list)?last=a", loop),
            ])
        }
    }

    @Test func `that are invalid or repeated count toward the limit of a listing`()
        async throws
    {
        let (url, limit) = (Self.list, RemoteRepository.listingLimit.entries)
        for name in ["a/b", "a"] {
            let names = repeatElement("\"\(name)\"", count: limit + 1).joined(separator: ",")
            let page = ScriptedResponse(
                200, ["Link": "<?last=x>; rel=next"], "{\"tags\":[\(names)]}")
            let scene = try Scene([Exchange("GET \(url)", page)])
            await #expect(throws: RegistryError.self) {
                _ = try await scene.repository("reg.test/app").tags()
            }
            scene.wire.expectDone()
        }
    }

    @Test(arguments: ["", "[]", #"{"tags":[1]}"#, #"{"tags":["a"],"tags":[]}"#, #"{"Tags":["a"]}"#])
    func `in a malformed listing are an error`(body: String) async throws {
        await #expect(throws: RegistryError.self) {
            _ = try await names([Exchange("GET \(Self.list)", ScriptedResponse(200, [:], body))])
        }
    }
}
