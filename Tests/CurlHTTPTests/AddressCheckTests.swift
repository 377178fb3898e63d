// SPDX-License-Identifier: Apache-2.0

import CurlHTTP
import Glibc
import HTTP
import RegistryTestSupport
import AsyncPrimitives
import Testing

/// The address of each connection is checked, not only the name.
@Suite(.timeLimit(.minutes(10))) struct AddressCheckTests {
    /// A server at 127.0.0.2 that responds to every request.
    private func server(closing: Bool = false) throws -> WireServer {
        try WireServer(at: 2) { connection throws(WireClosed) in
            repeat {
                try connection.readHead()
                try connection.answer("200 OK", closing ? ["Connection: close"] : [])
            } while !closing
        }
    }

    private func url(_ server: WireServer, _ host: String = "innocent.test") throws -> HTTPURL {
        try HTTPURL(Origin(scheme: .http, host: host, port: server.port), target: "/")
    }

    private func transport(_ addresses: String...) -> CurlTransport {
        let left = Mutex(addresses[...])
        return CurlTransport(
            .init(resolve: { _ in
                IPAddress(
                    parsing: left.withLock { $0.count > 1 ? $0.removeFirst() : $0.first ?? "" })
            }))
    }

    private func refusal(_ transport: CurlTransport, _ request: HTTPRequest) async -> String? {
        let error = await #expect(throws: TransportError.self) {
            try await transport.send(request)
        }
        #expect(error?.kind == .outOfReach)
        return error?.message
    }

    @Test(arguments: [AddressClass.global, .linkLocal, .reserved])
    func `A08 a name that resolves to this host is not connected to`(
        leader: AddressClass
    ) async throws {
        let server = try server()
        let request = HTTPRequest(
            .get, try url(server), addressScope: AddressScope(referredBy: leader))
        let message = await refusal(transport("127.0.0.2"), request)
        #expect(message?.contains("innocent.test") == true)
        #expect(message?.contains("127.0.0.2, a loopback address") == true)
        #expect(server.connectionCount == 0)
    }

    @Test(arguments: [AddressClass.loopback, .privateUse])
    func `A07 a server in the local network may refer to this host`(
        leader: AddressClass
    ) async throws {
        let server = try server()
        let request = HTTPRequest(
            .get, try url(server), addressScope: AddressScope(referredBy: leader))
        let response = try await transport("127.0.0.2").send(request)
        #expect(response.peer == IPAddress(parsing: "127.0.0.2"))
    }

    @Test(arguments: [
        "127.0.0.2", "localhost", "[::1]", "[::ffff:7f00:2]", "169.254.169.254", "10.0.0.1",
        "[fd00:ec2::254]", "0.0.0.0", "[::]",
    ])
    func `A07 an address in the URL is rejected before anything is sent`(host: String) async throws
    {
        let server = try server()
        let request = HTTPRequest(
            .get, try url(server, host), addressScope: AddressScope(referredBy: .global))
        _ = await refusal(CurlTransport(), request)
        #expect(server.connectionCount == 0)
    }

    @Test func `A08 the address of a name is checked for each connection`() async throws {
        let server = try server(closing: true)
        let transport = transport("127.0.0.2", "127.0.0.3")
        let scope = AddressScope(
            referredBy: .global, allowing: [try AddressRange(parsing: "127.0.0.2")])
        let request = HTTPRequest(.get, try url(server), addressScope: scope)
        #expect(try await transport.send(request).status == 200)
        #expect(await refusal(transport, request)?.contains("127.0.0.3") == true)
        #expect(server.connectionCount == 1)
    }

    @Test func `A08 a connection to a user's URL is not reused for a server-supplied URL`()
        async throws
    {
        let server = try server()
        let transport = transport("127.0.0.2")
        let wide = HTTPRequest(.get, try url(server))
        for _ in 0..<2 {
            let response = try await transport.send(wide)
            #expect(response.peer == IPAddress(parsing: "127.0.0.2"))
            _ = try await response.collect(limit: 10)
        }
        let narrow = HTTPRequest(
            .get, try url(server), addressScope: AddressScope(referredBy: .global))
        #expect(await refusal(transport, narrow) != nil)
        #expect(server.connectionCount == 1)
        #expect(server.requests.count == 2)
    }
}
