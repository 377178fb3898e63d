// SPDX-License-Identifier: Apache-2.0

/// An origin with a path and query: everything that a request line needs, and nothing else.
///
/// User information and fragments have no place in it.
public struct HTTPURL: Hashable, Sendable {
    /// Where the request goes.
    public let origin: Origin
    /// The path and query as they stand in the request line, beginning with `/`.
    public let target: String

    /// Makes a URL.
    ///
    /// - Throws: ``URLError`` where the target does not begin with `/`, or has spaces, controls,
    ///   characters beyond ASCII, or a fragment.
    public init(_ origin: Origin, target: String) throws(URLError) {
        guard target.hasPrefix("/"), target.utf8.count <= 16_384,
            target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x23 })
        else {
            throw URLError(
                target, "is no path: it has spaces, a fragment or characters beyond ASCII")
        }
        self.origin = origin
        self.target = target
    }

    /// Parses an absolute URL.
    ///
    /// - Throws: ``URLError`` for other schemes than http and https, user information, a fragment,
    ///   or a host that is not canonical.
    public init(parsing text: String) throws(URLError) {
        guard let mark = text.firstRange(of: "://") else {
            throw URLError(text, "is no absolute URL")
        }
        guard let scheme = Origin.Scheme(rawValue: text[..<mark.lowerBound].lowercased()) else {
            throw URLError(text, "only http and https are followed")
        }
        let rest = text[mark.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" && $0 != "\\" }
        let target = rest[authority.endIndex...]
        try self.init(
            try Origin(scheme: scheme, authority: String(authority)),
            target: target.hasPrefix("?") || target.isEmpty ? "/\(target)" : String(target))
    }

    /// Resolves what a server wrote into `Location` or `Link` against this URL.
    ///
    /// Absolute URLs, `//host/path`, `/path`, `?query` and relative paths without dot segments
    /// are understood. Query bytes are kept as they are.
    ///
    /// - Throws: ``URLError`` for everything else.
    public func resolving(_ reference: String) throws(URLError) -> HTTPURL {
        if reference.contains("://"), let colon = reference.firstIndex(of: ":"),
            reference[..<colon].allSatisfy({ $0.isLetter })
        {
            return try HTTPURL(parsing: reference)
        }
        if reference.hasPrefix("//") {
            return try HTTPURL(parsing: "\(origin.scheme.rawValue):\(reference)")
        }
        if reference.hasPrefix("/") { return try HTTPURL(origin, target: reference) }
        let path = target.prefix { $0 != "?" }
        if reference.hasPrefix("?") { return try HTTPURL(origin, target: path + reference) }
        guard !reference.isEmpty, !reference.hasPrefix("."),
            !reference.prefix(while: { $0 != "?" && $0 != "/" }).contains(":")
        else { throw URLError(reference, "is no address to go on to") }
        let folder = path.prefix(through: path.lastIndex(of: "/") ?? path.startIndex)
        return try HTTPURL(origin, target: folder + reference)
    }

    /// Returns the URL with `name=value` added to its query, the value percent-encoded.
    ///
    /// What stands in the query is kept byte for byte: registries sign it.
    public func adding(query name: String, _ value: String) -> HTTPURL {
        let separator = !target.contains("?") ? "?" : target.hasSuffix("?") ? "" : "&"
        return HTTPURL(
            checked: origin, "\(target)\(separator)\(name)=\(PercentEncoding.query(value))")
    }

    private init(checked origin: Origin, _ target: String) {
        self.origin = origin
        self.target = target
    }
}

extension HTTPURL: CustomStringConvertible {
    /// The URL without its query, which may hold signatures and tokens.
    public var description: String {
        let path = target.prefix { $0 != "?" }
        return "\(origin)\(path)" + (path.count < target.count ? "?…" : "")
    }
}

/// Percent-encoding, as RFC 3986 §2 has it.
public enum PercentEncoding {
    /// Encodes everything but unreserved characters, `:` and `/`, which queries carry as they are.
    public static func query(_ text: String) -> String {
        encode(text) { isUnreserved($0) || $0 == 0x3A || $0 == 0x2F }
    }

    /// Encodes everything but unreserved characters, for form bodies.
    public static func form(_ text: String) -> String {
        encode(text, keep: isUnreserved)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }

    private static func encode(_ text: String, keep: (UInt8) -> Bool) -> String {
        var encoded = ""
        for byte in text.utf8 {
            if keep(byte) {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                encoded += "%" + (hex.utf8.count == 1 ? "0" : "") + hex
            }
        }
        return encoded
    }
}
