// SPDX-License-Identifier: Apache-2.0

import CurlHTTP
import HTTP
import RegistryTestSupport
import AsyncPrimitives
import Testing

@Suite(.timeLimit(.minutes(10))) struct StreamingTests {
    let transport = CurlTransport()

    @Test(arguments: [true, false])
    func `a large body arrives completely, in bounded chunks`(isBulk: Bool) async throws {
        let body = Pattern(count: 700_001, piece: 100_003)
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
            for start in stride(from: 0, to: body.count, by: body.piece) {
                try connection.send(body.bytes(from: start))
            }
        }
        let response = try await transport.send(
            HTTPRequest(.get, server.url("/"), isBulk: isBulk))
        var sum = ByteSum()
        for try await piece in response.body {
            #expect(piece.count <= 256 * 1024 && !piece.isEmpty)
            sum.add(piece)
        }
        #expect(sum.value == body.sum)
    }

    /// The kernel's buffers hold a few MiB, this process less than one: a server with 64 MiB has to
    /// wait.
    @Test func `a reader that does not read pauses the server`() async throws {
        let size = 64 * 1024 * 1024
        let held = Signal<Bool>()
        let server = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            var rest = size
            while rest > 0, !connection.isBlocked(forMilliseconds: 100) {
                try connection.send([UInt8](repeating: 1, count: 65_536))
                rest -= 65_536
            }
            held.send(rest > 0)
            while rest > 0 {
                try connection.send([UInt8](repeating: 1, count: 65_536))
                rest -= 65_536
            }
        }
        let response = try await transport.send(HTTPRequest(.get, server.url("/"), isBulk: true))
        #expect(await held.value)
        var count = 0
        for try await piece in response.body { count += piece.count }
        #expect(count == size)
    }

    @Test func `a server that does not read pauses the source`() async throws {
        let pulled = Mutex(0)
        let size = 64 * 1024 * 1024
        let held = Signal<Int>()
        let server = try WireServer { connection throws(WireClosed) in
            let head = try connection.readHead()
            // Nothing is read until the source has not been read for a while.
            var last = -1
            while last != pulled.withLock({ $0 }) {
                last = pulled.withLock { $0 }
                _ = connection.isStill(forMilliseconds: 100)
            }
            held.send(last)
            try connection.skip(head.contentLength)
            try connection.answer("201 Created")
        }
        let body = Counted(pieces: size / 65_536, size: 65_536) { count in
            pulled.withLock { $0 = count }
        }
        let response = try await transport.send(
            HTTPRequest(.put, server.url("/"), body: .stream(length: size, body), isBulk: true))
        #expect(response.status == 201)
        #expect(await held.value < size)
        #expect(pulled.withLock { $0 } == size)
    }

    @Test func `a body is streamed from one server to another`() async throws {
        let body = Pattern(count: 700_000, piece: 99_999)
        let source = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
            for start in stride(from: 0, to: body.count, by: body.piece) {
                try connection.send(body.bytes(from: start))
            }
        }
        let target = try WireServer { connection throws(WireClosed) in
            let head = try connection.readHead()
            var sum = ByteSum()
            try connection.skip(head.contentLength) { sum.add($0) }
            try connection.answer("201 Created", ["X-Sum: \(sum.value)"])
        }
        let download = try await transport.send(
            HTTPRequest(.get, source.url("/"), isBulk: true))
        let upload = try await transport.send(
            HTTPRequest(
                .put, target.url("/"), body: .stream(length: body.count, download.body),
                isBulk: true))
        #expect(upload.fields["x-sum"] == String(body.sum))
    }

    @Test func `many exchanges share one thread`() async throws {
        let server = try WireServer { connection throws(WireClosed) in
            while true {
                let head = try connection.readHead()
                try connection.answer("200 OK", body: Array(head.requestLine.utf8))
            }
        }
        let url = try server.url("/")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let own = try HTTPURL(url.origin, target: "/\(number)")
                    for _ in 0..<5 {
                        let response = try await transport.send(HTTPRequest(.get, own))
                        let body = try await response.collect(limit: 1000)
                        #expect(body == Array("GET /\(number) HTTP/1.1".utf8))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(server.requests.count == 200)
    }
}
