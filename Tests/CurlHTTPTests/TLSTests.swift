// SPDX-License-Identifier: Apache-2.0

import CurlHTTP
import HTTP
import RegistryTestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct TLSTests {
    /// The headers with which nginx describes the connection.
    struct Spoken: Equatable {
        let version: String
        let clientVerification: String
        let connection: String
        let isResumed: Bool
    }

    private func send(
        _ transport: CurlTransport, _ request: HTTPRequest
    ) async throws -> Spoken {
        let response = try await transport.send(request)
        let text = String(decoding: try await response.collect(limit: 100), as: UTF8.self)
        let words = text.split(separator: " ").map { String($0) }
        try #require(words.count == 4)
        return Spoken(
            version: words[0], clientVerification: words[1], connection: words[2],
            isResumed: words[3] == "r")
    }

    private func transport(_ server: Nginx, _ trust: TLSTrust? = nil) -> CurlTransport {
        let usual = TLSTrust(caFile: server.certificates.authority)
        return CurlTransport(.init(trust: [server.origin: trust ?? usual]))
    }

    @Test func `A26 a certificate is trusted only if the configured authority signed it`()
        async throws
    {
        let server = try Nginx()
        let url = try server.url("/")
        _ = try await send(transport(server), HTTPRequest(.get, url))
        for other in [TLSTrust(), TLSTrust(caFile: server.certificates.client)] {
            let error = await #expect(throws: TransportError.self) {
                try await transport(server, other).send(HTTPRequest(.get, url))
            }
            #expect(error?.kind == .tls)
        }
    }

    @Test func `A26 a certificate for another name is rejected`() async throws {
        let server = try Nginx()
        let other = try Origin(scheme: .https, host: "other.test", port: server.origin.port)
        let transport = CurlTransport(
            .init(
                trust: [other: TLSTrust(caFile: server.certificates.authority)],
                resolve: { _ in IPAddress(parsing: "127.0.0.1") }))
        let error = await #expect(throws: TransportError.self) {
            try await transport.send(HTTPRequest(.get, HTTPURL(other, target: "/")))
        }
        #expect(error?.kind == .certificateName)
    }

    @Test func `another connection to an origin resumes its TLS session`() async throws {
        let server = try Nginx(.none, "keepalive_timeout 0; ssl_session_cache shared:sessions:1m;")
        let transport = transport(server)
        let request = HTTPRequest(.get, try server.url("/"), isBulk: true)
        let first = try await send(transport, request)
        let second = try await send(transport, request)
        #expect(first.connection != second.connection)
        #expect(!first.isResumed)
        #expect(second.isResumed)
    }

    @Test(arguments: [Certificates.Flaw.expired, .selfSigned])
    func `A26 an invalid certificate is a permanent error`(
        flaw: Certificates.Flaw
    ) async throws {
        let server = try Nginx(flaw)
        let error = await #expect(throws: TransportError.self) {
            try await transport(server).send(HTTPRequest(.get, server.url("/")))
        }
        #expect(error?.kind == (flaw == .expired ? .certificateTime : .tls))
    }

    @Test func `A26 an outdated TLS version is a permanent error`() async throws {
        let server = try Nginx(
            .none, "ssl_protocols TLSv1.1; ssl_ciphers DEFAULT@SECLEVEL=0;")
        let error = await #expect(throws: TransportError.self) {
            try await transport(server).send(HTTPRequest(.get, server.url("/")))
        }
        #expect(error?.kind == .tls)
    }

    // An `Alt-Svc` field is ignored.
    @Test func `A01 an alternative service is not used`() async throws {
        let elsewhere = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
        }
        let server = try Nginx(
            .none,
            """
            add_header Alt-Svc 'h2="127.0.0.1:\(elsewhere.port)"; ma=3600' always;
            add_header Strict-Transport-Security 'max-age=3600' always;
            """)
        let transport = transport(server)
        for isBulk in [false, true, false] {
            let response = try await transport.send(
                HTTPRequest(.get, server.url("/"), isBulk: isBulk))
            #expect(response.fields["alt-svc"] != nil)
            _ = try await response.collect(limit: 100)
        }
        #expect(elsewhere.connectionCount == 0)
    }

    @Test func `a configured client certificate is sent`() async throws {
        let server = try Nginx()
        let certificates = server.certificates
        let trust = TLSTrust(
            caFile: certificates.authority, clientCertificate: certificates.client,
            clientKey: certificates.key(of: certificates.client))
        let url = try server.url("/")
        let known = try await send(transport(server, trust), HTTPRequest(.get, url))
        let unknown = try await send(transport(server), HTTPRequest(.get, url))
        #expect(known.clientVerification == "SUCCESS")
        #expect(unknown.clientVerification == "NONE")
    }

    @Test func `a missing certificate file is a TLS error`() async throws {
        let server = try Nginx()
        let error = await #expect(throws: TransportError.self) {
            try await transport(server, TLSTrust(caFile: "/nonexistent/ca.pem"))
                .send(HTTPRequest(.get, server.url("/")))
        }
        #expect(error?.kind == .tls)
    }

    @Test func `small requests share an HTTP 2 connection, bulk ones do not`() async throws {
        let server = try Nginx()
        let url = try server.url("/")
        let transport = transport(server)
        let small = try await withThrowingTaskGroup(of: Spoken.self) { group in
            for _ in 0..<10 {
                group.addTask { try await send(transport, HTTPRequest(.get, url)) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(small.allSatisfy { $0 == small[0] && $0.version == "HTTP/2.0" })
        // The connection above is open and idle.
        let bulk = try await send(transport, HTTPRequest(.get, url, isBulk: true))
        #expect(bulk.version == "HTTP/1.1")
        #expect(bulk.connection != small[0].connection)
    }

    @Test func `one failure at an origin that has used HTTP 2 changes nothing`() async throws {
        let server = try Nginx(.none, "if ($request_uri = /fail) { return 444; }")
        let transport = transport(server)
        let request = HTTPRequest(.get, try server.url("/"))
        #expect(try await send(transport, request).version == "HTTP/2.0")
        await #expect(throws: TransportError.self) {
            try await transport.send(HTTPRequest(.get, server.url("/fail")))
        }
        #expect(try await send(transport, request).version == "HTTP/2.0")
    }

    @Test func `if HTTP 2 has only failed at an origin, requests use HTTP 1.1`() async throws {
        let server = try Nginx(.none, "if ($http2) { return 444; }")
        let transport = transport(server)
        let request = HTTPRequest(.get, try server.url("/"))
        let error = await #expect(throws: TransportError.self) {
            try await transport.send(request)
        }
        #expect(error?.kind == .interrupted)
        let retry = try await send(transport, request)
        #expect(retry.version == "HTTP/1.1")
    }

    @Test func `a large upload is rejected early over TLS`() async throws {
        let server = try Nginx()
        let body = Counted(pieces: .max, size: 65_536) { _ in }
        let response = try await transport(server).send(
            HTTPRequest(
                .put, server.url("/upload"), body: .stream(length: 1 << 40, body), isBulk: true))
        #expect(response.status == 413)
    }

    // A server without TLS does not cause a connection without TLS.

    @Test func `A26 a server without TLS is rejected`() async throws {
        let server = try WireServer { connection throws(WireClosed) in
            _ = connection.isSilent(forMilliseconds: 1000)
            try connection.answer("200 OK")
        }
        let origin = try Origin(scheme: .https, host: "127.0.0.1", port: server.port)
        let error = await #expect(throws: TransportError.self) {
            try await CurlTransport().send(HTTPRequest(.get, HTTPURL(origin, target: "/")))
        }
        #expect(
            error == TransportError(.notTLS, "the server does not use TLS on this port"))
        #expect(server.requests.isEmpty)
    }

    @Test(arguments: [true, false])
    func `A26 an interrupted handshake is not a certificate error`(
        isReset: Bool
    ) async throws {
        let server = try WireServer { connection throws(WireClosed) in
            _ = try connection.read(100)
            if isReset { try connection.reset() }
        }
        let origin = try Origin(scheme: .https, host: "127.0.0.1", port: server.port)
        let error = await #expect(throws: TransportError.self) {
            try await CurlTransport().send(HTTPRequest(.get, HTTPURL(origin, target: "/")))
        }
        #expect(error?.kind == .connect)
    }

    @Test func `a stalled handshake is a timeout`() async throws {
        let server = try WireServer { connection throws(WireClosed) in connection.stall() }
        let origin = try Origin(scheme: .https, host: "127.0.0.1", port: server.port)
        let error = await #expect(throws: TransportError.self) {
            try await CurlTransport().send(
                HTTPRequest(
                    .get, HTTPURL(origin, target: "/"),
                    timeouts: HTTPTimeouts(connect: .milliseconds(200))))
        }
        #expect(error?.kind == .connect)
    }
}
