// SPDX-License-Identifier: Apache-2.0

/// An HTTP proxy on a free port of 127.0.0.1 that maps public host names to local servers.
///
/// A client with the proxy in `https_proxy` that trusts the servers' certificates can be run
/// unchanged against `ghcr.io` and other registries. Unknown hosts are rejected with 502.
///
/// Source: RFC 9110 §9.3.6 (CONNECT).
public final class TunnelProxy: Sendable {
    private let server: WireServer

    /// Starts a proxy.
    ///
    /// - Parameters:
    ///   - ports: The local ports by the host whose port 443 they replace.
    ///   - port: The port; 0 for a free port.
    /// - Throws: ``WireClosed`` if no port is available.
    public init(to ports: [String: UInt16], port: UInt16 = 0) throws(WireClosed) {
        server = try WireServer(port: port) { client throws(WireClosed) in
            let words = try client.readHead().requestLine.split(separator: " ")
            guard words.count == 3, words[0] == "CONNECT",
                let port = ports[String(words[1].prefix { $0 != ":" })]
            else { return try client.answer("502 Bad Gateway") }
            let upstream = try WireClient(port: port)
            defer { upstream.close() }
            try client.send("HTTP/1.1 200 Connection established\r\n\r\n")
            try Self.relay(client, upstream.connection)
        }
    }

    /// The environment variables for programs.
    public var url: String { "http://127.0.0.1:\(server.port)" }

    /// The requested tunnels in their order.
    public var destinations: [String] {
        server.requests.map { head in
            String(head.requestLine.split(separator: " ").dropFirst().first ?? "")
        }
    }

    /// Closes all tunnels and stops listening.
    public func stop() { server.stop() }

    /// Forwards bytes in both directions until one side ends.
    private static func relay(
        _ client: WireConnection, _ server: WireConnection
    ) throws(WireClosed) {
        while true {
            let ready = WireConnection.wait(for: client, or: server)
            if ready.first { try server.send(try client.readSome(atMost: 1 << 16)) }
            if ready.second { try client.send(try server.readSome(atMost: 1 << 16)) }
        }
    }
}
