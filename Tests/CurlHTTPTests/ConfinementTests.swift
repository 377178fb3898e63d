// SPDX-License-Identifier: Apache-2.0

import CurlHTTP
import Glibc
import HTTP
import RegistryTestSupport
import Testing
import Wording

/// A request goes where it was sent, with what it was given, and nowhere else.
@Suite struct ConfinementTests {
    @Test(arguments: [301, 302, 303, 307, 308])
    func `a redirect is an answer like any other`(status: Int) async throws {
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

    @Test func `a cookie that a server sets is not sent back`() async throws {
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

    @Test func `slashes and escapes of a path stay as they are`() async throws {
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer("200 OK")
        }
        let target = "/v2//a/b%2Fc/...;d?x=/y//%2E"
        _ = try await CurlTransport().send(HTTPRequest(.get, server.url(target)))
        #expect(server.requests.first?.requestLine == "GET \(target) HTTP/1.1")
    }

    @Test func `an authorization among the fields is not sent`() async throws {
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer("200 OK")
        }
        _ = try await CurlTransport().send(
            HTTPRequest(.get, server.url("/"), fields: ["Authorization": "Bearer canary"]))
        #expect(server.requests.first?.values("authorization") == [])
    }

    @Test func `an address that is not permitted is not connected to`() async throws {
        let server = try WireServer { _ in }
        let origin = try Origin(scheme: .http, host: "innocent.test", port: server.port)
        let transport = CurlTransport(
            .init(
                permits: { address, asked in
                    asked != origin || address.bytes != [127, 0, 0, 1]
                },
                addresses: [origin: "127.0.0.1"]))
        let error = await #expect(throws: TransportError.self) {
            try await transport.send(HTTPRequest(.get, HTTPURL(origin, target: "/")))
        }
        #expect(error?.kind == .refused)
        #expect(server.connectionCount == 0)
    }

    // The environment belongs to the process, so these run in one of their own.

    @Test func `the environment's proxy is used, but not for this machine`() async {
        await #expect(processExitsWith: .success) {
            let proxy = try WireServer { connection throws(WireClosed) in
                try connection.readHead()
                try connection.answer("200 OK", body: Array("proxy".utf8))
            }
            let server = try WireServer { connection throws(WireClosed) in
                try connection.readHead()
                try connection.answer("200 OK", body: Array("server".utf8))
            }
            unsafe setenv("http_proxy", "http://127.0.0.1:\(proxy.port)", 1)
            unsafe setenv("no_proxy", "", 1)
            // What the hook is told about a proxy would be the proxy's address.
            let transport = CurlTransport(.init(permits: { address, _ in address.port != 80 }))
            let far = try HTTPURL(parsing: "http://registry.test/v2/")
            let proxied = try await transport.send(HTTPRequest(.get, far))
            let direct = try await transport.send(HTTPRequest(.get, server.url("/")))
            #expect(try await proxied.collect(limit: 10) == Array("proxy".utf8))
            #expect(try await direct.collect(limit: 10) == Array("server".utf8))
            #expect(proxy.requests.map(\.requestLine) == ["GET http://registry.test/v2/ HTTP/1.1"])
        }
    }

    @Test func `a proxy that refuses gets no credential and is named as the cause`() async {
        await #expect(processExitsWith: .success) {
            let proxy = try WireServer { connection throws(WireClosed) in
                try connection.readHead()
                try connection.answer("407 Proxy Authentication Required")
            }
            unsafe setenv("https_proxy", "http://127.0.0.1:\(proxy.port)", 1)
            unsafe setenv("no_proxy", "", 1)
            let far = try HTTPURL(parsing: "https://registry.test/v2/")
            let error = await #expect(throws: TransportError.self) {
                try await CurlTransport().send(
                    HTTPRequest(.get, far, authorization: Secret("Bearer canary")))
            }
            #expect(error?.kind == .refused)
            #expect(proxy.requests.map(\.requestLine) == ["CONNECT registry.test:443 HTTP/1.1"])
            #expect(proxy.requests.first?.values("authorization") == [])
        }
    }

    @Test func `the password of a proxy that cannot be used stays unsaid`() async {
        await #expect(processExitsWith: .success) {
            unsafe setenv("no_proxy", "", 1)
            let far = try HTTPURL(parsing: "http://registry.test/v2/")
            for proxy in ["nonsense://user:canary@127.0.0.1:1", "http://user:canary@[::1"] {
                unsafe setenv("http_proxy", proxy, 1)
                let error = await #expect(throws: TransportError.self) {
                    try await CurlTransport().send(HTTPRequest(.get, far))
                }
                #expect(error?.kind == .refused)
                #expect(error?.message.contains("canary") == false)
            }
        }
    }

    @Test func `a netrc file is not read`() async {
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
