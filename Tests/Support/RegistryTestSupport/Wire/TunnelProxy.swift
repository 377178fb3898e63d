// SPDX-License-Identifier: Apache-2.0

/// A proxy on a free port of 127.0.0.1 behind which registries of this machine have the names of others.
///
/// A client that is told of it by `https_proxy`, and trusts the servers' certificates, can so be run
/// unchanged against `ghcr.io` and its likes. What it does not know it refuses with 502.
///
/// Source: RFC 9110 §9.3.6 (CONNECT).
public final class TunnelProxy: Sendable {
    private let server: WireServer

    /// Starts a proxy.
    ///
    /// - Parameters:
    ///   - ports: the ports on 127.0.0.1 by the host whose port 443 they stand for.
    ///   - port: where it listens; 0 for a free port.
    /// - Throws: ``WireClosed`` where the system has no port.
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

    /// What the environment says so that programs use it.
    public var url: String { "http://127.0.0.1:\(server.port)" }

    /// The places that tunnels were asked for to, in their order.
    public var destinations: [String] {
        server.requests.map { head in
            String(head.requestLine.split(separator: " ").dropFirst().first ?? "")
        }
    }

    /// Breaks every tunnel, and takes no more.
    public func stop() { server.stop() }

    /// Passes bytes on both ways until one side is over.
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
