// SPDX-License-Identifier: Apache-2.0

/// Scheme, host and port: what a credential belongs to and a connection leads to.
///
/// It is parsed strictly and by itself, and its canonical text is all that the transport ever sees:
/// two parsers that disagree about a URL are how credentials reach the wrong host. Hosts are ASCII
/// names in lower case, canonical IPv4 or bracketed IPv6 literals; spellings such as `127.1`,
/// `2130706433`, `0x7f.1` or a trailing dot are refused or, for the dot, dropped.
///
/// Source: RFC 6454 §4; RFC 3986 §3.2.2 in the narrow reading above.
public struct Origin: Hashable, Sendable {
    /// How the bytes are protected on the way.
    public enum Scheme: String, Sendable {
        case http
        case https

        /// The port that goes without saying.
        public var defaultPort: UInt16 { self == .https ? 443 : 80 }
    }

    /// How the bytes are protected on the way.
    public let scheme: Scheme
    /// The host in canonical form; an IPv6 address stands in brackets.
    public let host: String
    /// The port, also where it is the scheme's own.
    public let port: UInt16

    /// Makes an origin from its parts.
    ///
    /// - Throws: ``URLError`` where the host has no canonical form, or the port is 0.
    public init(scheme: Scheme, host: String, port: UInt16? = nil) throws(URLError) {
        guard port != 0 else { throw URLError(host, "the port is not a number from 1 to 65535") }
        guard let canonical = HostName.canonical(host) else {
            throw URLError(
                host, "the host is neither a plain ASCII name nor a canonical IP address")
        }
        self.scheme = scheme
        self.host = canonical
        self.port = port ?? scheme.defaultPort
    }

    /// Makes an origin from the `host[:port]` that references use.
    ///
    /// - Throws: ``URLError`` where host or port are not canonical.
    public init(scheme: Scheme, authority: String) throws(URLError) {
        guard !authority.contains("@") else {
            throw URLError(authority, "names a user; credentials do not belong into addresses")
        }
        var host = Substring(authority)
        var port: UInt16?
        if let colon = authority.lastIndex(of: ":"), authority[colon...].firstIndex(of: "]") == nil
        {
            host = authority[..<colon]
            let digits = authority[authority.index(after: colon)...]
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = UInt16(digits)
            else {
                // What stands for a port may be a password that has a '/' in it.
                throw URLError(String(host), "the port is not a number from 1 to 65535")
            }
            port = number
        }
        try self.init(scheme: scheme, host: String(host), port: port)
    }

    /// Whether the host is an address of this machine or the name `localhost`.
    public var isLoopback: Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]"
            || (host.hasPrefix("127.") && IPAddress(parsing: host) != nil)
    }
}

extension Origin: CustomStringConvertible {
    /// `scheme://host` and, where it is not the scheme's own, `:port`.
    public var description: String {
        "\(scheme.rawValue)://\(host)" + (port == scheme.defaultPort ? "" : ":\(port)")
    }
}
