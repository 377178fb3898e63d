// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(10))) struct `Blobs` {
    static let blob = Sample(bytes: (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    static let url = "https://reg.test/v2/app/blobs/\(blob.digest)"

    static func part(_ range: Range<Int>, breaks: Bool = false) -> ScriptedResponse {
        let fields: HTTPFields =
            range.lowerBound == 0
            ? [:] : ["Content-Range": "bytes \(range.lowerBound)-\(range.upperBound - 1)/200000"]
        return ScriptedResponse(
            range.lowerBound == 0 ? 200 : 206, fields, bytes: [Array(blob.bytes[range])],
            breaks: breaks)
    }

    func fetch(_ answers: [ScriptedResponse]) async throws -> (Scene, [UInt8]) {
        let scene = try Scene(answers.map { Exchange("GET \(Self.url)", $0) })
        let stream = try await scene.repository().fetch(blob: Self.blob.descriptor)
        return (scene, try await collect(stream))
    }

    @Test func `are downloaded completely`() async throws {
        let (scene, bytes) = try await fetch([Self.part(0..<200_000)])
        #expect(bytes == Self.blob.bytes)
        #expect(scene.wire.requests.allSatisfy { $0.isBulk })
        #expect(
            scene.events.withoutTraces.contains(
                .requestFinished(host: "reg.test", kind: .blobGet, status: 200, bytes: 200_000)))
    }

    // F04: the rest is requested from the registry's own URL.
    @Test func `are resumed after a broken connection`() async throws {
        let (scene, bytes) = try await fetch([
            Self.part(0..<70_000, breaks: true), Self.part(70_000..<70_001, breaks: true),
            Self.part(70_001..<200_000),
        ])
        #expect(bytes == Self.blob.bytes)
        #expect(
            scene.wire.requests.map { $0.fields["range"] } == [nil, "bytes=70000-", "bytes=70001-"])
        scene.wire.expectDone()
    }

    // Servers without ranges, or with wrong ones; and short bodies without an error.
    @Test(arguments: [
        [part(0..<200_000)],
        [ScriptedResponse(206, ["Content-Range": "bytes 5-9/200000"]), part(0..<200_000)],
        [ScriptedResponse(206), part(0..<200_000)], [ScriptedResponse(416), part(0..<200_000)],
        [part(100..<100), part(0..<200_000)],
    ])
    func `F05 F06 F07 are restarted if a server ignores ranges`(answers: [ScriptedResponse])
        async throws
    {
        let (scene, bytes) = try await fetch([Self.part(0..<100)] + answers)
        #expect(bytes == Self.blob.bytes)
        scene.wire.expectDone()
    }

    // A response with at least 64 KiB resets the number of attempts.
    @Test func `F04 are resumed any number of times while they make progress`() async throws {
        let starts = stride(from: 0, to: 200_000, by: 10_000)
        let tiny = starts.map { Self.part($0..<$0 + 10_000, breaks: true) }
        let error = await #expect(throws: RegistryError.self) { _ = try await fetch(tiny) }
        #expect(error?.failureClass == .unavailable)
        let large = [0..<66_000, 66_000..<132_000, 132_000..<198_000].map {
            Self.part($0, breaks: true)
        }
        let (scene, _) = try await fetch(large + [Self.part(198_000..<200_000)])
        #expect(scene.time.waits.isEmpty)
    }

    // Each response halves the missing part, so the download ends.
    @Test func `F04 are resumed from a server that always sends half of the rest`() async throws {
        var answers: [ScriptedResponse] = []
        var start = 0
        while start < 200_000 {
            let end = start + (200_001 - start) / 2
            answers.append(Self.part(start..<end, breaks: end < 200_000))
            start = end
        }
        let (scene, bytes) = try await fetch(answers)
        #expect(bytes == Self.blob.bytes)
        scene.wire.expectDone()
    }

    // A signed URL may be valid only once.
    @Test func `F18 are resumed through the registry, not at the redirect's URL`() async throws {
        let scene = try Scene([
            Exchange(
                "GET \(Self.url)", ScriptedResponse(307, ["Location": "https://cdn.test/a?sig=1"])),
            Exchange("GET https://cdn.test/a?sig=1", Self.part(0..<100, breaks: true)),
            Exchange(
                "GET \(Self.url)", ScriptedResponse(307, ["Location": "https://cdn.test/b?sig=2"])),
            Exchange("GET https://cdn.test/b?sig=2", Self.part(100..<200_000)),
        ])
        let stream = try await scene.repository().fetch(blob: Self.blob.descriptor)
        #expect(try await collect(stream) == Self.blob.bytes)
        scene.wire.expectDone()
    }

    @Test func `with other or more bytes end in an error`() async throws {
        var flipped = Self.blob.bytes
        flipped[100_000] ^= 1
        for bytes in [flipped, Self.blob.bytes + [0]] {
            let error = await #expect(throws: RegistryError.self) {
                _ = try await fetch([ScriptedResponse(200, bytes: [bytes])])
            }
            #expect(error?.failureClass == .integrity)
        }
    }

    @Test(arguments: [
        (ScriptedResponse(200, ["Content-Length": "200000"]), true), (ScriptedResponse(200), true),
        (ScriptedResponse(200, ["Content-Length": "199999"]), false),
        (ScriptedResponse(404), false),
    ])
    func `exist only with their size`(response: ScriptedResponse, exists: Bool) async throws {
        let scene = try Scene([Exchange("HEAD \(Self.url)", response)])
        #expect(try await scene.repository().exists(blob: Self.blob.descriptor) == exists)
    }

    @Test(
        arguments: [
            ("bytes 5-9/10", 5), ("bytes 0-0/*", 0), ("Bytes 5-9", 5), ("bytes 9-5/10", nil),
            ("bytes */10", nil), ("5-9/10", nil), ("bytes -5/10", nil), (nil, nil),
        ] as [(String?, Int?)])
    func `state ranges`(text: String?, start: Int?) {
        #expect(ContentRange.start(text) == start)
    }
}
