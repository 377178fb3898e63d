// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Glibc
import HTTP
import RegistryTestSupport
import Testing

@testable import CurlHTTP

/// Failures of a body that is sent while it is received.
@Suite(.timeLimit(.minutes(10))) struct UploadTests {
    let transport = CurlTransport()
    let timeouts = HTTPTimeouts(idle: .milliseconds(200))

    /// A server that accepts everything.
    private func accepting() throws -> WireServer {
        try WireServer { connection throws(WireClosed) in
            while true {
                let head = try connection.readHead()
                try connection.skip(head.contentLength)
                try connection.answer("201 Created")
            }
        }
    }

    @Test func `beside many transfers, the bodies of uploads are read on the event loop's thread`()
        async throws
    {
        let server = try WireServer { connection throws(WireClosed) in
            while true {
                let head = try connection.readHead()
                if head.contentLength == 0 {
                    try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")
                    connection.waitForClose()
                } else {
                    try connection.skip(head.contentLength)
                    try connection.answer("201 Created")
                }
            }
        }
        let ownThread = Mutex<pthread_t?>(nil)
        let transport = CurlTransport { body in
            DetachedThread.start {
                ownThread.withLock { $0 = pthread_self() }
                body()
            }
        }
        var pending: [HTTPResponse] = []
        for _ in 0..<8 {
            pending.append(
                try await transport.send(
                    HTTPRequest(.get, server.url("/"), timeouts: HTTPTimeouts(idle: .seconds(3600)))
                ))
        }
        let threads = Mutex<Set<pthread_t>>([])
        let thread = try #require(ownThread.withLock { $0 })
        // While the thread is busy, others read them.
        for _ in 0..<1_000 where !threads.withLock({ $0.contains(thread) }) {
            let body = Counted(pieces: 40, size: 65_536) { _ in
                threads.withLock { _ = $0.insert(pthread_self()) }
            }
            let response = try await transport.send(
                HTTPRequest(
                    .put, server.url("/"), body: .stream(length: 40 * 65_536, body), isBulk: true))
            #expect(response.status == 201)
        }
        #expect(threads.withLock { $0.contains(thread) })
        withExtendedLifetime(pending) {}
    }

    @Test(arguments: ["413 Payload Too Large", "401 Unauthorized", "307 Temporary Redirect"])
    func `an early error response is delivered, and ends the upload`(status: String) async throws {
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer(status, body: Array("why".utf8))
            connection.waitForClose()
        }
        // The source never ends: only the response can end the exchange.
        let body = Counted(pieces: .max, size: 65_536) { _ in }
        let response = try await transport.send(
            HTTPRequest(.put, server.url("/"), body: .stream(length: 1 << 40, body), isBulk: true))
        #expect(status.hasPrefix(String(response.status)))
        #expect(try await response.collect(limit: 10) == Array("why".utf8))
    }

    @Test func `an early error response also ends an upload that waits for its source`()
        async throws
    {
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.skip(10)
            try connection.answer("413 Payload Too Large", body: Array("why".utf8))
            connection.waitForClose()
        }
        let (body, source) = AsyncThrowingStream.makeStream(of: [UInt8].self)
        source.yield([UInt8](repeating: 1, count: 10))
        let response = try await transport.send(
            HTTPRequest(.put, server.url("/"), body: .stream(length: 20, body), isBulk: true))
        #expect(response.status == 413)
        #expect(try await response.collect(limit: 10) == Array("why".utf8))
    }

    @Test func `an early success is delivered after the body is sent`() async throws {
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer("201 Created")
            try connection.skip(10)
            throw WireClosed()
        }
        let body = Counted(pieces: .max, size: 65_536) { _ in }
        let error = await #expect(throws: TransportError.self) {
            try await transport.send(
                HTTPRequest(
                    .put, server.url("/"), body: .stream(length: 1 << 40, body), isBulk: true))
        }
        #expect(error?.kind == .interrupted)
    }

    @Test(arguments: [
        (0, 1, TransportError.Kind.tooLarge), (10, 11, .tooLarge), (10, 9, .interrupted),
        (200_000, 199_999, .interrupted), (200_000, 200_001, .tooLarge), (1, 0, .interrupted),
    ])
    func `a body with a different length is an error`(
        stated: Int, actual: Int, kind: TransportError.Kind
    ) async throws {
        let server = try accepting()
        let error = await #expect(throws: TransportError.self) {
            try await transport.send(
                HTTPRequest(
                    .put, server.url("/"),
                    body: .stream(length: stated, Pattern(count: actual, piece: 60_000))))
        }
        #expect(error?.kind == kind)
    }

    @Test func `an empty stream of length 0 is a body`() async throws {
        let server = try accepting()
        let response = try await transport.send(
            HTTPRequest(
                .put, server.url("/"), body: .stream(length: 0, Pattern(count: 0, piece: 1))))
        #expect(response.status == 201)
    }

    @Test(arguments: [0, 1, 5])
    func `an error of the source is rethrown`(after pieces: Int) async throws {
        let server = try accepting()
        await #expect(throws: SourceError()) {
            try await transport.send(
                HTTPRequest(
                    .put, server.url("/"),
                    body: .stream(length: 1 << 30, Failing(pieces: pieces))))
        }
        // A source that fails immediately causes no request.
        if pieces == 0 { #expect(server.connectionCount == 0) }
    }

    @Test func `a source may be slower than the idle timeout`() async throws {
        let (body, source) = AsyncThrowingStream.makeStream(of: [UInt8].self)
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.skip(1)
            // The source continues after the timeout has passed several times.
            _ = connection.isSilent(forMilliseconds: 600)
            source.yield([2])
            source.finish()
            try connection.skip(1)
            try connection.answer("201 Created")
        }
        source.yield([1])
        let response = try await transport.send(
            HTTPRequest(
                .put, server.url("/"), body: .stream(length: 2, body), timeouts: timeouts))
        #expect(response.status == 201)
    }

    @Test func `a server that stops reading is a timeout`() async throws {
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            connection.stall()
        }
        let body = Counted(pieces: .max, size: 65_536) { _ in }
        let error = await #expect(throws: TransportError.self) {
            try await transport.send(
                HTTPRequest(
                    .put, server.url("/"), body: .stream(length: 1 << 40, body), isBulk: true,
                    timeouts: timeouts))
        }
        #expect(error?.kind == .timeout)
    }
}
