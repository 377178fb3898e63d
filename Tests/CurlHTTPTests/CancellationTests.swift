// SPDX-License-Identifier: Apache-2.0

import HTTP
import RegistryTestSupport
import Testing

@testable import CurlHTTP

/// Canceling a task or releasing a body ends the exchange, and the server's connection is closed.
@Suite(.timeLimit(.minutes(10))) struct CancellationTests {
    let transport = CurlTransport()

    /// A server that responds, then reports when the client has disconnected.
    private func watching(
        _ sent: String, _ arrived: Signal<Void>, _ gone: Signal<Void>
    ) throws -> WireServer {
        try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.send(sent)
            arrived.send(())
            connection.stall()
            gone.send(())
        }
    }

    @Test func `canceling a task that waits for the head ends the exchange`() async throws {
        let (arrived, gone) = (Signal<Void>(), Signal<Void>())
        let server = try watching("", arrived, gone)
        let url = try server.url("/")
        let task = Task { try await transport.send(HTTPRequest(.get, url, timeouts: .patient)) }
        await arrived.value
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await gone.value
    }

    @Test func `canceling a task that reads the body ends the exchange`() async throws {
        let (arrived, gone) = (Signal<Void>(), Signal<Void>())
        let server = try watching(
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", arrived, gone)
        let url = try server.url("/")
        let read = Signal<Void>()
        let task = Task {
            let response = try await transport.send(HTTPRequest(.get, url, timeouts: .patient))
            for try await _ in response.body { read.send(()) }
        }
        await read.value
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await gone.value
    }

    @Test func `canceling a task that uploads ends the exchange and its source`() async throws {
        let (arrived, gone) = (Signal<Void>(), Signal<Void>())
        let server = try watching("", arrived, gone)
        let url = try server.url("/")
        let (body, source) = AsyncThrowingStream.makeStream(of: [UInt8].self)
        let ended = Signal<Void>()
        source.onTermination = { _ in ended.send(()) }
        source.yield([1])
        let task = Task {
            try await transport.send(
                HTTPRequest(
                    .put, url, body: .stream(length: 2, body), isBulk: true, timeouts: .patient))
        }
        await arrived.value
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await gone.value
        await ended.value
    }

    @Test func `a source that ends because its task is canceled ends the upload`() async {
        let (body, source) = AsyncThrowingStream.makeStream(of: [UInt8].self)
        let task = Task { try await UploadQueue().feed(body, length: 1) {} }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        source.finish()
    }

    @Test func `a canceled task sends nothing`() async throws {
        let server = try WireServer { _ in }
        let url = try server.url("/")
        let (pending, source) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            // The stream ends at the latest when the task is canceled.
            for await _ in pending {}
            return try await transport.send(HTTPRequest(.get, url, timeouts: .patient))
        }
        task.cancel()
        source.finish()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(server.connectionCount == 0)
    }

    @Test(arguments: [true, false])
    func `releasing the body ends the exchange`(isRead: Bool) async throws {
        let (arrived, gone) = (Signal<Void>(), Signal<Void>())
        let server = try watching(
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", arrived, gone)
        let url = try server.url("/")
        func use() async throws {
            let response = try await transport.send(HTTPRequest(.get, url, timeouts: .patient))
            guard isRead else { return }
            for try await _ in response.body { break }
        }
        try await use()
        await gone.value
    }

    @Test func `releasing the transport closes its kept connections`() async throws {
        let gone = Signal<Void>()
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer("200 OK")
            connection.waitForClose()
            gone.send(())
        }
        _ = try await CurlTransport().send(HTTPRequest(.get, server.url("/")))
        await gone.value
    }

    @Test func `a body can be read after the transport is released`() async throws {
        let go = WireGate()
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
            go.wait()
            try connection.send("hello")
        }
        let response = try await CurlTransport().send(
            HTTPRequest(.get, server.url("/"), timeouts: .patient))
        go.open()
        #expect(try await response.collect(limit: 5) == Array("hello".utf8))
    }
}
