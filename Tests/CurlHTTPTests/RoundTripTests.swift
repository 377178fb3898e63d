// SPDX-License-Identifier: Apache-2.0

import CurlHTTP
import HTTP
import RegistryTestSupport
import Testing
import TextSafety

@Suite(.timeLimit(.minutes(10))) struct RoundTripTests {
    let transport = CurlTransport()

    @Test func `a GET returns the status, the fields and the body`() async throws {
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer("200 OK", ["X-One: 1", "x-one: 2"], body: Array("hello".utf8))
        }
        let response = try await transport.send(HTTPRequest(.get, server.url("/v2/?n=1&m=%20")))
        #expect(response.status == 200)
        #expect(response.fields.values("X-One") == ["1", "2"])
        #expect(try await response.collect(limit: 5) == Array("hello".utf8))
        #expect(server.requests.map(\.requestLine) == ["GET /v2/?n=1&m=%20 HTTP/1.1"])
    }

    @Test func `a HEAD has a length and no body, and leaves its connection usable`() async throws {
        let server = try WireServer { connection throws(WireClosed) in
            while true {
                try connection.readHead()
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n")
            }
        }
        for _ in 0..<2 {
            let response = try await transport.send(HTTPRequest(.head, server.url("/")))
            #expect(response.fields["content-length"] == "1234")
            #expect(try await response.collect(limit: 0).isEmpty)
        }
        #expect(server.connectionCount == 1)
    }

    @Test(arguments: [HTTPMethod.post, .put, .patch, .delete, .get])
    func `bytes are sent with their length, for any method`(method: HTTPMethod) async throws {
        let server = try WireServer { connection throws(WireClosed) in
            let head = try connection.readHead()
            try connection.answer("201 Created", body: try connection.read(head.contentLength))
        }
        let body = Array("some bytes".utf8)
        let response = try await transport.send(
            HTTPRequest(
                method, server.url("/"), fields: ["content-type": "x/y"], body: .bytes(body)))
        #expect(try await response.collect(limit: 100) == body)
        let head = try #require(server.requests.first)
        #expect(head.requestLine == "\(method.rawValue) / HTTP/1.1")
        #expect(head.values("content-length") == ["10"])
        #expect(head.values("content-type") == ["x/y"])
        #expect(head.values("expect").isEmpty && head.values("transfer-encoding").isEmpty)
    }

    @Test(arguments: [(HTTPMethod.post, ["0"]), (.put, ["0"]), (.get, []), (.delete, [])])
    func `only methods that anticipate a body send the length 0`(
        method: HTTPMethod, lengths: [String]
    ) async throws {
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer("202 Accepted")
        }
        _ = try await transport.send(HTTPRequest(method, server.url("/")))
        #expect(server.requests.first?.values("content-length") == lengths)
    }

    @Test func `a stream is sent completely, in order, over HTTP 1-1`() async throws {
        let server = try WireServer { connection throws(WireClosed) in
            let head = try connection.readHead()
            var sum = ByteSum()
            try connection.skip(head.contentLength) { sum.add($0) }
            try connection.answer("201 Created", ["X-Sum: \(sum.value)"])
        }
        let body = Pattern(count: 700_000, piece: 70_000)
        let response = try await transport.send(
            HTTPRequest(
                .put, server.url("/"), body: .stream(length: body.count, body), isBulk: true))
        #expect(response.fields["x-sum"] == String(body.sum))
    }

    @Test func `no header fields are added`() async throws {
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer("200 OK")
        }
        _ = try await CurlTransport(.init(userAgent: "name/1")).send(
            HTTPRequest(
                .get, server.url("/"), fields: ["accept": "a/b", "x-empty": ""],
                authorization: Secret("Bearer canary")))
        let lines = try #require(server.requests.first).lines
        #expect(
            Set(lines) == [
                "GET / HTTP/1.1", "Host: 127.0.0.1:\(server.port)", "User-Agent: name/1",
                "accept: a/b", "x-empty:", "Authorization: Bearer canary",
                "Accept-Encoding: identity",
            ])
    }
}
