// SPDX-License-Identifier: Apache-2.0

/// A scheme, host and port: the scope of a credential and the destination of a connection.
///
/// It is parsed strictly, and the transport receives only its canonical text, because two parsers
/// that disagree about a URL send credentials to the wrong host. Hosts are lowercase ASCII
/// names, canonical IPv4 addresses or bracketed IPv6 literals. Spellings such as `127.1`,
/// `2130706433` and `0x7f.1` are rejected; a trailing dot is dropped.
///
/// Source: RFC 6454 §4; RFC 3986 §3.2.2, restricted to these forms.
public struct Origin: Hashable, Sendable {
    /// The scheme.
    public enum Scheme: String, Sendable {
        case http
        case https

        /// The default port.
        public var defaultPort: UInt16 { self == .https ? 443 : 80 }
    }

    /// The scheme.
    public let scheme: Scheme
    /// The host in canonical form, with brackets around an IPv6 address.
    public let host: String
    /// The port, even if it is the default one.
    public let port: UInt16

    /// Creates an origin from its parts.
    ///
    /// - Throws: ``URLError`` if the host has no canonical form, or the port is 0.
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

    /// Creates an origin from a `host[:port]` in a reference.
    ///
    /// - Throws: ``URLError`` if the host or the port is not canonical.
    public init(scheme: Scheme, authority: String) throws(URLError) {
        guard !authority.contains("@") else {
            throw URLError(authority, "contains a user name; URLs must not contain credentials")
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
                // The apparent port may be a password that contains a '/'.
                throw URLError(String(host), "the port is not a number from 1 to 65535")
            }
            port = number
        }
        try self.init(scheme: scheme, host: String(host), port: port)
    }

    /// A Boolean value that indicates whether the host is a loopback address or `localhost`.
    public var isLoopback: Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]"
            || (host.hasPrefix("127.") && IPAddress(parsing: host) != nil)
    }
}

extension Origin: CustomStringConvertible {
    /// `scheme://host`, followed by `:port` unless it is the default port.
    public var description: String {
        port == scheme.defaultPort
            ? "\(scheme.rawValue)://\(host)" : "\(scheme.rawValue)://\(host):\(port)"
    }
}

/// The canonical form of host names.
enum HostName {
    /// Returns the canonical form of a host, or `nil` if it is invalid.
    static func canonical(_ text: String) -> String? {
        // Case folding of other alphabets can produce ASCII: the Kelvin sign becomes `k`.
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        if text.hasPrefix("["), text.hasSuffix("]") {
            guard let address = IPAddress(parsing: text.dropFirst().dropLast()), !address.isIPv4
            else { return nil }
            return "[\(address)]"
        }
        var name = text.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        guard !name.isEmpty, name.utf8.count <= 253 else { return nil }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.allSatisfy(isLabel) else { return nil }
        // Some parsers take a name whose last label is a number for an address, so it must be a
        // plain one.
        if let last = labels.last, looksNumeric(last) {
            return IPAddress(parsing: name) == nil ? nil : name
        }
        return name
    }

    private static func isLabel(_ label: Substring) -> Bool {
        !label.isEmpty && label.utf8.count <= 63 && !label.hasPrefix("-") && !label.hasSuffix("-")
            && label.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
                    || $0 == 0x5F
            }
    }

    private static func looksNumeric(_ label: Substring) -> Bool {
        label.utf8.allSatisfy { (0x30...0x39).contains($0) } || label.hasPrefix("0x")
    }
}
