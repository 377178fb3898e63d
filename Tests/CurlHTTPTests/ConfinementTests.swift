// SPDX-License-Identifier: Apache-2.0

import CurlHTTP
import Glibc
import HTTP
import RegistryTestSupport
import Testing
import TextSafety

/// A request is sent to its origin only, with exactly its own fields.
@Suite(.timeLimit(.minutes(10))) struct ConfinementTests {
    @Test(arguments: [301, 302, 303, 307, 308])
    func `A01 a redirect is returned and not followed`(status: Int) async throws {
        let elsewhere = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
        }
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer(
                "\(status) Elsewhere", ["Location: http://127.0.0.1:\(elsewhere.port)/x"])
        }
        let response = try await CurlTransport().send(HTTPRequest(.get, server.url("/")))
        #expect(response.status == status)
        #expect(response.fields["location"] == "http://127.0.0.1:\(elsewhere.port)/x")
        #expect(elsewhere.connectionCount == 0)
    }

    @Test func `A28 a cookie that a server sets is not sent back`() async throws {
        let server = try WireServer { connection throws(WireClosed) in
            while true {
                try connection.readHead()
                try connection.answer("200 OK", ["Set-Cookie: sid=1"])
            }
        }
        let transport = CurlTransport()
        for _ in 0..<2 { _ = try await transport.send(HTTPRequest(.get, server.url("/"))) }
        #expect(server.requests.allSatisfy { $0.values("cookie").isEmpty })
        #expect(server.requests.count == 2)
    }

    @Test func `A14 slashes and escapes of a path are sent unchanged`() async throws {
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer("200 OK")
        }
        let target = "/v2//a/b%2Fc/...;d?x=/y//%2E"
        _ = try await CurlTransport().send(HTTPRequest(.get, server.url(target)))
        #expect(server.requests.first?.requestLine == "GET \(target) HTTP/1.1")
    }

    @Test func `an Authorization field in the headers is not sent`() async throws {
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer("200 OK")
        }
        _ = try await CurlTransport().send(
            HTTPRequest(.get, server.url("/"), fields: ["Authorization": "Bearer canary"]))
        #expect(server.requests.first?.values("authorization") == [])
    }

    @Test func `A25 a credential with a line terminator is not sent`() async throws {
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer("200 OK")
        }
        for text in ["Bearer a\r\nX-Injected: b", "Bearer a\n", "Bearer \u{0}", "\u{7F}"] {
            let error = await #expect(throws: TransportError.self) {
                try await CurlTransport().send(
                    HTTPRequest(.get, server.url("/"), authorization: Secret(text)))
            }
            #expect(error?.kind == .refused)
        }
        #expect(server.connectionCount == 0)
    }

    @Test func `A30 a credential belongs to the request, not to its connection`()
        async throws
    {
        let server = try WireServer { connection throws(WireClosed) in
            while true {
                try connection.readHead()
                try connection.answer("200 OK")
            }
        }
        let transport = CurlTransport()
        let shown = ["Basic b25l", "Bearer two", nil, "Bearer three", nil]
        for (number, authorization) in shown.enumerated() {
            let response = try await transport.send(
                HTTPRequest(
                    .get, server.url("/\(number)"), authorization: authorization.map(Secret.init)))
            _ = try await response.collect(limit: 10)
        }
        #expect(server.connectionCount == 1)
        #expect(
            server.requests.map { $0.values("authorization") }
                == shown.map { $0.map { [$0] } ?? [] })
    }

    // The environment belongs to the process, so this runs in a process of its own.

    @Test func `A28 a netrc file is not read`() async {
        await #expect(processExitsWith: .success) {
            let scratch = try Scratch()
            try scratch.write("default login user password canary\n", to: ".netrc")
            unsafe setenv("HOME", scratch.path, 1)
            let server = try WireServer { connection throws(WireClosed) in
                try connection.readHead()
                try connection.answer("200 OK")
            }
            _ = try await CurlTransport().send(HTTPRequest(.get, server.url("/")))
            #expect(server.requests.first?.values("authorization") == [])
        }
    }
}
