// SPDX-License-Identifier: Apache-2.0

import Content
import CurlHTTP
import HTTP
import OCI
import RegistryTestSupport
import Testing

@testable import Registry

/// Real connections: a registry at 127.0.0.1 that refers to a server at 127.0.0.2, by its address
/// and by a name that only the resolver knows.
@Suite struct AddressScopeTests {
    enum Place: CaseIterable, Sendable {
        case redirect
        case realm
        case location
        case link
    }

    /// A transport that makes the registry appear to be on the Internet.
    private struct InternetTransport: HTTPTransport {
        let base: CurlTransport
        let home: Origin

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            let response = try await base.send(request)
            let isHome = request.url.origin == home
            return HTTPResponse(
                status: response.status, fields: response.fields, body: response.body,
                peer: isHome ? IPAddress(parsing: "8.8.8.8") : response.peer)
        }
    }

    private func internalServer() throws -> WireServer {
        try WireServer(at: 2) { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer("200 OK", body: Sample.blob.bytes)
        }
    }

    /// A registry that names a URL in one position of the protocol.
    private func registry(_ place: Place, naming url: String) throws -> WireServer {
        try WireServer { connection throws(WireClosed) in
            while true {
                let head = try connection.readHead()
                _ = try connection.read(head.contentLength)
                switch place {
                case .redirect:
                    try connection.answer("307 Temporary Redirect", ["Location: \(url)"])
                case .realm:
                    try connection.answer(
                        "401 Unauthorized", ["WWW-Authenticate: Bearer realm=\"\(url)\""])
                case .location: try connection.answer("202 Accepted", ["Location: \(url)"])
                case .link:
                    try connection.answer(
                        "200 OK", ["Link: <\(url)>; rel=next"], body: Array(#"{"tags":[]}"#.utf8))
                }
            }
        }
    }

    /// Sends requests to a registry at 127.0.0.1 that refers to the given URL.
    private func visit(
        _ place: Place, naming url: String, isFar: Bool, allow: [String] = [],
        addresses: @escaping @Sendable (Origin) -> String = { _ in "127.0.0.2" }
    ) async throws -> RegistryError? {
        let server = try registry(place, naming: url)
        let host = try RegistryHost(parsing: "reg.test:\(server.port)")
        let home = try Origin.of(host, plainHTTP: true)
        let curl = CurlTransport(
            .init(resolve: { IPAddress(parsing: $0 == home ? "127.0.0.1" : addresses($0)) }))
        let transport: any HTTPTransport = isFar ? InternetTransport(base: curl, home: home) : curl
        let network = RegistryClientPool(
            transport: transport,
            options: .init(
                registries: [
                    host: .with {
                        $0.plainHTTP = true
                        $0.allow(allow)
                    }
                ], time: VirtualTime().timekeeper),
            credentials: CredentialStore(
                environment: [:], read: { _ in nil },
                run: { _, _, _ in CredentialHelper.Output(status: 1, output: []) }))
        let repository = try network.repository(Repository(registry: host, path: "app"))
        let blob = Sample.blob
        do {
            switch place {
            case .redirect, .realm: _ = try await collect(repository.fetch(blob: blob.descriptor))
            case .location:
                _ = try await repository.push(
                    blob: blob.descriptor, expecting: .absent, mountingFrom: nil, open: blob.open)
            case .link: _ = try await repository.tags()
            }
        } catch let error as RegistryError {
            return error
        }
        return nil
    }

    private func url(_ place: Place, _ host: String, _ server: WireServer) -> String {
        "\(place == .realm ? "https" : "http")://\(host):\(server.port)/x"
    }

    @Test(
        arguments: Place.allCases, ["innocent.test", "127.0.0.2", "localhost", "[::ffff:7f00:2]"])
    func `A07 A08 nothing is sent to an internal server that a public registry refers to`(
        place: Place, host: String
    ) async throws {
        let server = try internalServer()
        let error = try await visit(place, naming: url(place, host, server), isFar: true)
        #expect(error != nil)
        if place == .redirect { #expect(error?.hint?.contains(".allow") == true) }
        #expect(server.connectionCount == 0)
    }

    // Shows that the server was reachable.
    @Test(
        arguments: [
            (false, []), (true, ["127.0.0.0/8"]), (true, ["127.0.0.2"]),
        ] as [(Bool, [String])])
    func `A07 a local registry may refer to this machine, and another one if it is allowed`(
        isFar: Bool, allow: [String]
    ) async throws {
        let server = try internalServer()
        let url = url(.redirect, "innocent.test", server)
        let error = try await visit(.redirect, naming: url, isFar: isFar, allow: allow)
        #expect(error == nil)
        #expect(server.requests.count == 1)
    }

    @Test func `A07 a host of allow receives requests at any address`() async throws {
        let server = try internalServer()
        let error = try await visit(
            .redirect, naming: url(.redirect, "innocent.test", server), isFar: true,
            allow: ["innocent.test:\(server.port)"])
        #expect(error == nil)
        #expect(server.requests.count == 1)
    }

    // No TLS handshake is started with a server that must not be reached.
    @Test func `A08 the token server of a local registry may be local`() async throws {
        // It closes the connection: otherwise a client that starts TLS would wait for a response.
        let server = try WireServer(at: 2) { _ throws(WireClosed) in throw WireClosed() }
        _ = try await visit(.realm, naming: url(.realm, "innocent.test", server), isFar: false)
        #expect(server.connectionCount > 0)
    }
}
