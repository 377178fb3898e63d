// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import RegistryTestSupport
import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(10))) struct ChunkedUploadTests {
    private static let chunk = ChunkSize.usual
    private static let blob = Sample(
        bytes: (0..<ChunkSize.usual * 2 + 1000).map { UInt8(truncatingIfNeeded: $0 % 251) })
    private static let post = "POST https://reg.test/v2/app/blobs/uploads/"
    private static let place = "https://reg.test/v2/app/blobs/uploads/1"
    private static let session = ScriptedResponse(202, ["Location": place])
    private static let commit = Exchange(
        "PUT \(place)?digest=\(blob.digest)", ScriptedResponse(201))

    private static func patch(_ response: ScriptedResponse = ScriptedResponse(202)) -> Exchange {
        Exchange("PATCH \(place)", response)
    }
    private static func status(_ range: String?) -> Exchange {
        Exchange("GET \(place)", ScriptedResponse(204, range.map { ["Range": $0] } ?? [:]))
    }

    /// Pushes the blob in chunks, and returns the ranges that were sent.
    private func push(_ exchanges: [Exchange]) async throws -> [String] {
        let scene = try Scene(exchanges, ["reg.test": .with { $0.uploadDialect = .chunked }])
        _ = try await scene.repository().push(
            blob: Self.blob.descriptor, expecting: .absent, mountingFrom: nil, open: Self.blob.open)
        scene.wire.expectDone()
        var sent: [String] = []
        for request in scene.wire.requests where request.method == .patch {
            let range = try #require(request.fields["content-range"])
            let start = try #require(range.split(separator: "-").first.flatMap { Int($0) })
            #expect(request.body == Array(Self.blob.bytes[start..<start + request.body.count]))
            #expect(range == "\(start)-\(start + request.body.count - 1)")
            sent.append(range)
        }
        return sent
    }

    private static let whole = ["0-4194303", "4194304-8388607", "8388608-8389607"]

    @Test func `are sent in order, with their ranges`() async throws {
        let sent = try await push(
            [Exchange(Self.post, Self.session), Self.patch(), Self.patch(), Self.patch()]
                + [Self.commit])
        #expect(sent == Self.whole)
    }

    @Test func `G06 continue at the offset of the session after 416`() async throws {
        let sent = try await push([
            Exchange(Self.post, Self.session), Self.patch(), Self.patch(ScriptedResponse(416)),
            Self.status("0-4195303"), Self.patch(), Self.commit,
        ])
        #expect(sent == [Self.whole[0], Self.whole[1], "4195304-8389607"])
    }

    @Test func `G06 send the rest of a partly stored chunk`() async throws {
        let sent = try await push([
            Exchange(Self.post, Self.session),
            Self.patch(ScriptedResponse(202, ["Range": "0-999999"])),
            Self.patch(ScriptedResponse(202, ["Range": "0-5194303"])), Self.patch(), Self.commit,
        ])
        #expect(sent == ["0-4194303", "1000000-5194303", "5194304-8389607"])
    }

    @Test func `G06 request the status of the session after a lost response`() async throws {
        let sent = try await push([
            Exchange(Self.post, Self.session), Self.patch(.failing(.interrupted)),
            Self.status("0-4194303"), Self.patch(), Self.patch(), Self.commit,
        ])
        #expect(sent == Self.whole)
        let again = try await push([
            Exchange(Self.post, Self.session), Self.patch(ScriptedResponse(502)),
            Self.status("0-0"),
            Self.patch(), Self.patch(), Self.patch(), Self.commit,
        ])
        #expect(again == [Self.whole[0]] + Self.whole)
    }

    @Test func `G07 use their own offset if a registry's range does not advance`() async throws {
        let stuck = Self.patch(ScriptedResponse(201, ["Range": "0-4194303"]))
        let sent = try await push([
            Exchange(Self.post, Self.session), stuck, stuck, stuck, Self.commit,
        ])
        #expect(sent == Self.whole)
    }

    @Test(arguments: ["0-9223372036854775807", "0-9223372036854775806", "0-99999999999999999999"])
    func `use their own offset if a registry states an impossible range`(
        range: String
    ) async throws {
        let far = Self.patch(ScriptedResponse(202, ["Range": range]))
        let sent = try await push([Exchange(Self.post, Self.session), far, far, far, Self.commit])
        #expect(sent == Self.whole)
        let lost = try await push([
            Exchange(Self.post, Self.session), Self.patch(ScriptedResponse(502)),
            Self.status(range),
            Self.patch(), Self.patch(), Self.patch(), Self.commit,
        ])
        #expect(lost == [Self.whole[0]] + Self.whole)
    }

    @Test func `G05 restart if the session lost its content`() async throws {
        let sent = try await push([
            Exchange(Self.post, Self.session), Self.patch(), Self.patch(ScriptedResponse(416)),
            Self.status("0-99"), Exchange(Self.post, Self.session), Self.patch(), Self.patch(),
            Self.patch(), Self.commit,
        ])
        #expect(sent == Self.whole.prefix(2) + Self.whole)
    }

    @Test func `end if a registry rejects every chunk`() async throws {
        let rejections = (0..<5).flatMap { _ in
            [Self.patch(ScriptedResponse(416)), Self.status(nil)]
        }
        await #expect(throws: RegistryError.self) {
            _ = try await push(
                [Exchange(Self.post, Self.session)] + rejections + [
                    Self.patch(ScriptedResponse(416))
                ])
        }
    }

    @Test func `G19 have the minimum size that the registry requires`() async throws {
        let session = ScriptedResponse(
            202, ["Location": Self.place, "OCI-Chunk-Min-Length": "5242880"])
        let sent = try await push([
            Exchange(Self.post, session), Self.patch(), Self.patch(), Self.commit,
        ])
        #expect(sent == ["0-5242879", "5242880-8389607"])
    }

    @Test(
        arguments: [
            ("0-1023", 1023), ("bytes=0-1023", 1023), ("0-0", 0), ("5-9", nil), ("0--1", nil),
            ("", nil), (nil, nil), ("0-", nil), ("0-9007199254740991", (1 << 53) - 1),
            ("0-9007199254740992", nil), ("0-9223372036854775807", nil),
        ] as [(String?, Int?)])
    func `parse the range of a session`(text: String?, end: Int?) {
        #expect(UploadRange.end(text) == end)
    }
}
