// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import AsyncPrimitives
import Testing

/// The effect of a fault on the client and on the registry.
@Suite(.timeLimit(.minutes(10))) struct FaultProxyTests {
    private static let body = Array("0123456789".utf8)

    /// A server that sends ten bytes for every request and records uploads.
    private func upstream(_ sent: Sent = Sent()) throws -> WireServer {
        try WireServer { connection throws(WireClosed) in
            while true {
                let head = try connection.readHead()
                sent.append(try connection.read(head.contentLength))
                try connection.answer("200 OK", ["X-Upstream: yes"], body: Self.body)
            }
        }
    }

    /// A proxy between a client and a server.
    private struct Scene {
        let sent: Sent
        let server: WireServer
        let proxy: FaultProxy
        let client: PlainClient
    }

    private func scene(_ fault: ProxyFault, only: String? = nil) throws -> Scene {
        let sent = Sent()
        let server = try upstream(sent)
        let proxy = try FaultProxy(before: server.port, fault, only: only)
        return Scene(
            sent: sent, server: server, proxy: proxy, client: try PlainClient(host: proxy.host))
    }

    @Test func `without a fault, requests and responses are unchanged`() async throws {
        let scene = try scene(.none)
        let response = try await scene.client.send(
            .put, "/v2/a/blobs/uploads/1?digest=x", [("X-Own", "1")], body: Self.body)
        #expect(response.status == 200 && response.body == Self.body)
        #expect(response.headers["X-Upstream"] == "yes")
        #expect(scene.sent.bodies == [Self.body])
        #expect(scene.server.requests.first?.values("x-own") == ["1"])
        #expect(
            scene.server.requests.first?.requestLine
                == "PUT /v2/a/blobs/uploads/1?digest=x HTTP/1.1")
        #expect(scene.proxy.tally.requests == 1 && scene.proxy.tally.strikes == 0)
    }

    @Test func `a response is cut in the middle once`() async throws {
        let scene = try scene(.cutFirst)
        let first = try await scene.client.send(.get, "/v2/a/blobs/sha256:1")
        #expect(first.body == Array(Self.body.prefix(5)) && !first.isComplete)
        #expect(try await scene.client.send(.get, "/v2/a/blobs/sha256:1").isComplete)
    }

    @Test func `one byte of a response is wrong every time`() async throws {
        let scene = try scene(.corruptOne)
        for _ in 0..<2 {
            let response = try await scene.client.send(.get, "/v2/a/blobs/sha256:1")
            #expect(response.isComplete)
            #expect(zip(response.body, Self.body).count { $0 != $1 } == 1)
        }
    }

    @Test func `one byte of an upload is wrong`() async throws {
        let scene = try scene(.flipFirst)
        for _ in 0..<2 {
            _ = try await scene.client.send(.put, "/v2/a/blobs/uploads/1", body: Self.body)
        }
        #expect(scene.sent.bodies.map { zip($0, Self.body).count { $0 != $1 } } == [1, 0])
    }

    @Test func `an upload is cut in the middle`() async throws {
        let scene = try scene(.cutFirst)
        await #expect(throws: (any Error).self) {
            _ = try await scene.client.send(.put, "/v2/a/blobs/uploads/1", body: Self.body)
        }
        #expect(scene.sent.bodies.isEmpty)
    }

    @Test func `a redirected blob is at another origin that rejects credentials`() async throws {
        let scene = try scene(.redirectBlobs)
        let response = try await scene.client.send(.get, "/v2/a/blobs/sha256:1?x=y")
        let location = try #require(response.headers["Location"])
        #expect(response.status == 307 && !location.contains(scene.proxy.host))
        let rest = location.dropFirst("http://".count)
        let path = rest.drop { $0 != "/" }
        #expect(path == "/v2/a/blobs/sha256:1?x=y")
        let other = try PlainClient(host: String(rest.prefix { $0 != "/" }))
        #expect(try await other.send(.get, String(path)).body == Self.body)
        let refused = try await other.send(.get, String(path), [("Authorization", "Bearer x")])
        #expect(refused.status == 400)
    }

    @Test func `a token is required and never forwarded`() async throws {
        let scene = try scene(.shortTokens)
        let refused = try await scene.client.send(.get, "/v2/a/blobs/sha256:1")
        #expect(refused.status == 401)
        #expect(
            refused.headers["WWW-Authenticate"]
                == "Bearer realm=\"http://\(scene.proxy.host)/token\"")
        let token = try await scene.client.send(.get, "/token").text.split(separator: "\"")[3]
        let response = try await scene.client.send(
            .get, "/v2/a/blobs/sha256:1", [("Authorization", "Bearer \(token)")])
        #expect(response.status == 200 || response.status == 401)
        #expect(scene.server.requests.allSatisfy { $0.values("authorization").isEmpty })
    }
}

/// The uploaded bodies that a server received.
private final class Sent: Sendable {
    private let record = Mutex<[[UInt8]]>([])
    var bodies: [[UInt8]] { record.withLock { $0 } }
    func append(_ body: [UInt8]) { record.withLock { $0.append(body) } }
}
