// SPDX-License-Identifier: Apache-2.0

import HTTP
import RegistryTestSupport
import Testing
import TextSafety

@testable import CurlHTTP

/// Proxies are configured by the user, used as in curl, and receive no more data than necessary.
@Suite struct ProxyTests {
    /// Sends a request through a proxy with the given script.
    private func send(
        _ text: String, user: String = "", addressScope: AddressScope = .anywhere,
        _ script: @escaping WireServer.Script
    ) async throws -> (proxy: WireServer, result: Result<HTTPResponse, TransportError>) {
        let proxy = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try script(connection)
        }
        let rules = ProxyRules(environment: ["all_proxy": "http://\(user)127.0.0.1:\(proxy.port)"])
        let request = HTTPRequest(
            .get, try HTTPURL(parsing: text), authorization: Secret("Bearer canary"),
            addressScope: addressScope)
        do {
            return (proxy, .success(try await CurlTransport(.init(proxies: rules)).send(request)))
        } catch let error as TransportError {
            return (proxy, .failure(error))
        }
    }

    @Test(
        arguments: [
            (["http_proxy": "p"], "http", "p"), (["http_proxy": "p"], "https", nil),
            (["HTTP_PROXY": "p"], "http", nil), (["HTTP_PROXY": "p"], "https", nil),
            (["https_proxy": "p"], "https", "p"), (["HTTPS_PROXY": "p"], "https", "p"),
            (["https_proxy": "p", "HTTPS_PROXY": "q"], "https", "p"),
            (["https_proxy": "", "HTTPS_PROXY": "q"], "https", "q"),
            (["all_proxy": "p"], "http", "p"), (["ALL_PROXY": "p"], "https", "p"),
            (["all_proxy": "p", "https_proxy": "q"], "https", "q"), ([:], "https", nil),
        ] as [([String: String], String, String?)])
    func `A27 the proxy variables are those of curl`(
        environment: [String: String], scheme: String, proxy: String?
    ) throws {
        let origin = try HTTPURL(parsing: "\(scheme)://registry.test/").origin
        let found = ProxyRules(environment: environment).proxy(for: origin)
        #expect(found?.url.reveal() == proxy)
    }

    @Test(
        arguments: [
            ("registry.test", "registry.test", true), (".registry.test", "registry.test", true),
            ("test", "registry.test", true), ("REGISTRY.Test.", "registry.test", true),
            ("gistry.test", "registry.test", false), ("a.registry.test", "registry.test", false),
            ("a, registry.test", "registry.test", true), ("a registry.test", "registry.test", true),
            ("*", "registry.test", true), ("*.test", "registry.test", false),
            ("10.0.0.0/8", "10.1.2.3", true), ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.30", false), ("10.0.0.0/8", "registry.test", false),
            ("fd00::/8", "[fd00::1]", true), ("[fd00::1]", "[fd00::1]", true),
            (",", "registry.test", false), (".", "registry.test", false),
            // This host needs no entry.
            ("", "localhost", true), ("", "127.0.0.1", true), ("", "[::1]", true),
        ])
    func `A27 hosts in no_proxy are reached directly`(
        exceptions: String, host: String, isDirect: Bool
    ) throws {
        for variable in ["no_proxy", "NO_PROXY"] {
            let rules = ProxyRules(environment: ["https_proxy": "p", variable: exceptions])
            let proxy = rules.proxy(for: try Origin(scheme: .https, host: host))
            #expect((proxy == nil) == isDirect)
        }
    }

    @Test(arguments: [("169.254.169.254", true), ("10.1.2.3", false), ("[::1]", true)])
    func `A27 link-local addresses are reached directly`(
        host: String, isDirect: Bool
    ) throws {
        let rules = ProxyRules(environment: ["http_proxy": "p"])
        #expect((rules.proxy(for: try Origin(scheme: .http, host: host)) == nil) == isDirect)
    }

    @Test func `A27 HTTP requests go to the proxy, except those to this host`() async throws {
        let (proxy, result) = try await send("http://registry.test/v2/") {
            connection throws(WireClosed) in try connection.answer("200 OK")
        }
        let response = try result.get()
        #expect(response.status == 200)
        #expect(response.peer == nil)
        #expect(proxy.requests.map(\.requestLine) == ["GET http://registry.test/v2/ HTTP/1.1"])
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer("204 No Content")
        }
        let rules = ProxyRules(environment: ["http_proxy": "http://127.0.0.1:\(proxy.port)"])
        let direct = try await CurlTransport(.init(proxies: rules)).send(
            HTTPRequest(.get, server.url("/")))
        #expect(direct.status == 204)
    }

    @Test func `A27 a CONNECT proxy receives neither credential nor path`() async throws {
        let (proxy, result) = try await send("https://registry.test/v2/secret", user: "user:pw@") {
            connection throws(WireClosed) in
            try connection.send("HTTP/1.1 200 Connected\r\n\r\n")
        }
        #expect(throws: TransportError.self) { try result.get() }
        let head = try #require(proxy.requests.first)
        #expect(head.requestLine == "CONNECT registry.test:443 HTTP/1.1")
        #expect(head.values("proxy-authorization") == ["Basic dXNlcjpwdw=="])
        #expect(head.values("authorization") == [])
        #expect(!head.lines.joined().contains("secret"))
    }

    @Test(arguments: ["https://registry.test/v2/", "http://registry.test/v2/"])
    func `A27 the error of a proxy that requires credentials does not contain the configured ones`(
        text: String
    ) async throws {
        let (proxy, result) = try await send(text, user: "canary-user:canary@") {
            connection throws(WireClosed) in
            try connection.answer("407 Proxy Authentication Required")
        }
        let error = #expect(throws: TransportError.self) { try result.get() }
        #expect(error?.kind == .refused)
        #expect(error?.message.contains("127.0.0.1:\(proxy.port)") == true)
        #expect(error?.message.contains("407") == true)
        #expect(error?.message.contains("canary") == false)
    }

    @Test(
        arguments: [
            ("403 Forbidden", .refused), ("502 Bad Gateway", .connect),
            ("503 Service Unavailable", .connect), ("429 Too Many Requests", .connect),
        ] as [(String, TransportError.Kind)])
    func `A27 temporary proxy errors differ from permanent ones`(
        status: String, kind: TransportError.Kind
    ) async throws {
        let (_, result) = try await send("https://registry.test/v2/") {
            connection throws(WireClosed) in try connection.answer(status)
        }
        #expect(#expect(throws: TransportError.self) { try result.get() }?.kind == kind)
    }

    @Test func `A27 the certificate of an HTTPS proxy needs the default trust`() async throws {
        let proxy = try Nginx()
        let request = HTTPRequest(.get, try HTTPURL(parsing: "https://registry.test/v2/"))
        let rules = ProxyRules(
            environment: ["https_proxy": "https://canary@127.0.0.1:\(proxy.origin.port)"])
        let name = "the proxy https://127.0.0.1:\(proxy.origin.port)"
        let unknown = await #expect(throws: TransportError.self) {
            try await CurlTransport(.init(proxies: rules)).send(request)
        }
        #expect(unknown?.kind == .tls && unknown?.proxy == name)
        #expect(unknown?.message.hasPrefix("\(name): ") == true)
        // With a trusted certificate, the proxy receives the request, which nginx rejects.
        let trust = TLSTrust(caFile: proxy.certificates.authority)
        let known = await #expect(throws: TransportError.self) {
            try await CurlTransport(.init(defaultTrust: trust, proxies: rules)).send(request)
        }
        #expect(known?.kind == .refused && known?.proxy == nil, "\(known?.message ?? "")")
    }

    @Test func `A27 an HTTPS proxy that does not use TLS is named`() async throws {
        let proxy = try WireServer { connection throws(WireClosed) in
            try connection.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        let name = "the proxy https://127.0.0.1:\(proxy.port)"
        let rules = ProxyRules(environment: ["https_proxy": "https://127.0.0.1:\(proxy.port)"])
        let error = await #expect(throws: TransportError.self) {
            try await CurlTransport(.init(proxies: rules)).send(
                HTTPRequest(.get, HTTPURL(parsing: "https://registry.test/v2/")))
        }
        #expect(error == TransportError(.notTLS, "\(name) does not use TLS", proxy: name))
    }

    @Test func `A27 a proxy that closes the connection is a connection failure`() async throws {
        let (_, result) = try await send("https://registry.test/v2/") { _ in }
        let error = #expect(throws: TransportError.self) { try result.get() }
        #expect(error?.kind == .connect || error?.kind == .interrupted)
    }

    @Test(arguments: [
        "nonsense://user:canary@127.0.0.1:1", "http://user:canary@[::1", "http://canary@:x",
    ])
    func `A27 the password of an invalid proxy is not printed`(proxy: String) async throws {
        let transport = CurlTransport(
            .init(proxies: ProxyRules(environment: ["http_proxy": proxy])))
        let error = await #expect(throws: TransportError.self) {
            try await transport.send(
                HTTPRequest(.get, HTTPURL(parsing: "http://registry.test/v2/")))
        }
        #expect(error?.kind == .refused)
        #expect(error?.message.contains("canary") == false)
    }

    @Test func `A08 behind a proxy only addresses in URLs are checked`() async throws {
        let far = AddressScope(referredBy: .global)
        let (_, named) = try await send("http://innocent.test/", addressScope: far) {
            connection throws(WireClosed) in try connection.answer("200 OK")
        }
        #expect(try named.get().status == 200)
        let (proxy, literal) = try await send("http://10.0.0.1/", addressScope: far) {
            connection throws(WireClosed) in try connection.answer("200 OK")
        }
        #expect(#expect(throws: TransportError.self) { try literal.get() }?.kind == .outOfReach)
        #expect(proxy.connectionCount == 0)
    }
}
