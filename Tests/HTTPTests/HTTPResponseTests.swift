// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing
import TextSafety

@Suite(.timeLimit(.minutes(10))) struct HTTPResponseTests {
    private struct Broken: Error {}

    private static func response(_ pieces: [[UInt8]], failing: Bool = false) -> HTTPResponse {
        let body = AsyncThrowingStream<[UInt8], any Error> { stream in
            for piece in pieces { stream.yield(piece) }
            stream.finish(throwing: failing ? Broken() : nil)
        }
        return HTTPResponse(status: 200, fields: [:], body: body)
    }

    @Test func `a body is collected up to its limit`() async throws {
        #expect(try await Self.response([]).collect(limit: 0).isEmpty)
        #expect(try await Self.response([[1], [], [2, 3]]).collect(limit: 3) == [1, 2, 3])
    }

    @Test(arguments: [[[1, 2, 3]], [[1], [2], [3]], [[1, 2], [3, 4]]] as [[[UInt8]]])
    func `a longer body is an error`(pieces: [[UInt8]]) async {
        let error = await #expect(throws: TransportError.self) {
            try await Self.response(pieces).collect(limit: 2)
        }
        #expect(error?.kind == .tooLarge)
    }

    @Test func `an error that ended the transfer is thrown`() async {
        await #expect(throws: Broken.self) {
            try await Self.response([[1]], failing: true).collect(limit: 9)
        }
    }

    @Test func `no representation of a request contains its authorization`() throws {
        let request = HTTPRequest(
            .get, try HTTPURL(parsing: "https://x.test/a?sig=canary"),
            authorization: Secret("Bearer canary"))
        var dumped = ""
        dump(request, to: &dumped)
        for text in ["\(request)", String(reflecting: request), dumped] {
            #expect(!text.contains("canary"))
        }
    }
}
