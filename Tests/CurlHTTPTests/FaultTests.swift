// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import RegistryTestSupport
import Testing

@testable import CurlHTTP

/// Responses that are interrupted, stall or are invalid.
@Suite(.timeLimit(.minutes(10))) struct FaultTests {
    let transport = CurlTransport()
    /// Only for servers that become silent: a busy host may exceed such timeouts by itself.
    let short = HTTPTimeouts(firstByte: .milliseconds(200), idle: .milliseconds(200))

    /// Sends a GET request to a server with the given script and reads the body.
    private func get(
        _ timeouts: HTTPTimeouts = HTTPTimeouts(), _ script: @escaping WireServer.Script
    ) async throws -> [UInt8] {
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try script(connection)
        }
        let response = try await transport.send(
            HTTPRequest(.get, server.url("/"), timeouts: timeouts))
        return try await response.collect(limit: 1 << 20)
    }

    private func kind(
        _ timeouts: HTTPTimeouts = HTTPTimeouts(), of script: @escaping WireServer.Script
    ) async -> TransportError.Kind? {
        await #expect(throws: TransportError.self) { try await get(timeouts, script) }?.kind
    }

    @Test func `requests fail if the thread cannot be started`() async throws {
        let transport = CurlTransport(startThread: { _ in EAGAIN })
        let request = HTTPRequest(
            .get, try HTTPURL(try Origin(scheme: .http, host: "127.0.0.1", port: 1), target: "/"))
        for _ in 0..<2 {
            let error = await #expect(throws: TransportError.self) {
                try await transport.send(request)
            }
            #expect(error?.kind == .refused)
            #expect(error?.message.contains("cannot start a network thread") == true)
        }
    }

    // Interrupted responses.

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ])
    func `a connection that is closed before the end is an error`(sent: String) async {
        let kind = await kind { connection throws(WireClosed) in try connection.send(sent) }
        #expect(kind == .interrupted)
    }

    @Test func `a reset within the body is reported after the received bytes`() async throws {
        let go = WireGate()
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")
            go.wait()
            try connection.reset()
        }
        let response = try await transport.send(
            HTTPRequest(.get, server.url("/"), timeouts: .patient))
        let error = await #expect(throws: TransportError.self) {
            for try await piece in response.body {
                #expect(piece == Array("hello".utf8))
                go.open()
            }
        }
        #expect(error?.kind == .interrupted)
    }

    /// Only the caller can know the length; see the module `Content`.
    @Test func `a body without a length ends with the connection`() async throws {
        let body = try await get { connection throws(WireClosed) in
            try connection.send("HTTP/1.1 200 OK\r\n\r\nhello")
        }
        #expect(body == Array("hello".utf8))
    }

    // Timeouts.

    @Test(arguments: [
        "", "HTTP/1.1 2", "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
    ])
    func `a silent server is a timeout`(sent: String) async {
        let kind = await kind(short) { connection throws(WireClosed) in
            try connection.send(sent)
            connection.stall()
        }
        #expect(kind == .timeout)
    }

    @Test(arguments: ["200 OK", "404 Not Found"])
    func `a slow response ends at its deadline`(status: String) async {
        let limit = Duration.milliseconds(300)
        let timeouts = HTTPTimeouts(
            idle: .seconds(3600), total: status == "200 OK" ? limit : nil, explanation: limit)
        let kind = await kind(timeouts) { connection throws(WireClosed) in
            try connection.send("HTTP/1.1 \(status)\r\nContent-Length: 1000000\r\n\r\n")
            while true {
                _ = connection.isSilent(forMilliseconds: 20)
                try connection.send("x")
            }
        }
        #expect(kind == .timeout)
    }

    @Test func `slow bytes are progress`() async throws {
        let body = try await get(HTTPTimeouts(idle: .seconds(1))) { connection throws(WireClosed) in
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
            for _ in 0..<6 {
                _ = connection.isSilent(forMilliseconds: 200)
                try connection.send("x")
            }
        }
        #expect(body.count == 6)
    }

    @Test func `a reader may be slower than the idle timeout`() async throws {
        let size = 16 * 1024 * 1024
        let waited = Signal<Void>()
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            var rest = size
            while rest > 0, !connection.isBlocked(forMilliseconds: 1500) {
                try connection.send([UInt8](repeating: 1, count: 65_536))
                rest -= 65_536
            }
            waited.send(())
            try connection.send([UInt8](repeating: 1, count: rest))
        }
        let response = try await transport.send(
            HTTPRequest(
                .get, server.url("/"), isBulk: true,
                timeouts: HTTPTimeouts(idle: .milliseconds(500))))
        await waited.value
        #expect(try await response.collect(limit: size).count == size)
    }

    // Invalid or oversized responses.

    /// The bytes of a response, with a short name.
    struct Nonsense: CustomTestStringConvertible {
        let testDescription: String
        let sent: String

        init(_ description: String, _ sent: String) {
            testDescription = description
            self.sent = sent
        }
    }

    @Test(arguments: [
        Nonsense("another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        Nonsense("no status", "HTTP/1.1 abc\r\n\r\n"),
        Nonsense(
            "two lengths",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nhello"),
        Nonsense("a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello"),
        Nonsense(
            "a field of 70 KB",
            "HTTP/1.1 200 OK\r\nX: \(String(repeating: "x", count: 70_000))\r\n\r\n"),
        Nonsense(
            "a field of 200 KB",
            "HTTP/1.1 200 OK\r\nX: \(String(repeating: "x", count: 200_000))\r\n\r\n"),
        Nonsense(
            "257 fields", "HTTP/1.1 200 OK\r\n\(String(repeating: "X: y\r\n", count: 257))\r\n"),
        Nonsense(
            "interim answers without end",
            String(repeating: "HTTP/1.1 103 Early\r\nX: y\r\n\r\n", count: 4000)),
    ])
    func `F08 an invalid response is malformed`(nonsense: Nonsense) async {
        let kind = await kind { connection throws(WireClosed) in
            try connection.send(nonsense.sent)
            connection.waitForClose()
        }
        #expect(kind == .malformed)
    }

    @Test func `interim responses and trailers are skipped`() async throws {
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.send("HTTP/1.1 100 Continue\r\nX-A: 1\r\n\r\n")
            try connection.send("HTTP/1.1 103 Early Hints\r\nX-B: 1\r\n\r\n")
            try connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-C: 1\r\n\r\n")
            try connection.send("5\r\nhello\r\n0\r\nX-D: 1\r\n\r\n")
        }
        let response = try await transport.send(HTTPRequest(.get, server.url("/")))
        #expect(response.fields.fields.map(\.name) == ["transfer-encoding", "x-c"])
        #expect(try await response.collect(limit: 5) == Array("hello".utf8))
    }

    // The bytes of a blob have to match its digest; those of metadata are checked decoded.
    @Test(arguments: [true, false])
    func `an encoded body is decoded unless it is a bulk transfer`(isBulk: Bool) async throws {
        let text = Array("an encoded list".utf8)
        let encoded = StoredGzip.bytes(text)
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer("200 OK", ["Content-Encoding: gzip"], body: encoded)
        }
        let response = try await transport.send(
            HTTPRequest(.get, server.url("/"), isBulk: isBulk))
        #expect(try await response.collect(limit: 100) == (isBulk ? encoded : text))
        #expect(server.requests.first?.values("accept-encoding") == ["identity"])
    }

    @Test func `a decoded body is limited like any other`() async throws {
        let encoded = StoredGzip.bytes([UInt8](repeating: 0x20, count: 200_000))
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer("200 OK", ["Content-Encoding: gzip"], body: encoded)
        }
        let response = try await transport.send(HTTPRequest(.get, server.url("/")))
        let error = await #expect(throws: TransportError.self) {
            _ = try await response.collect(limit: 100_000)
        }
        #expect(error?.kind == .tooLarge)
    }

    @Test func `a closed port is a connection failure`() async throws {
        let (socket, port) = try WireServer.listen()
        close(socket)
        let nobody = try HTTPURL(
            Origin(scheme: .http, host: "127.0.0.1", port: port), target: "/")
        let error = await #expect(throws: TransportError.self) {
            try await transport.send(HTTPRequest(.get, nobody))
        }
        #expect(error?.kind == .connect)
    }
}
