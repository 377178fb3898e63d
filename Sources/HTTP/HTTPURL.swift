// SPDX-License-Identifier: Apache-2.0

public import TextSafety

/// An origin with a path and query: everything that a request line contains.
///
/// There is no user information and no fragment.
public struct HTTPURL: Hashable, Sendable {
    /// The origin.
    public let origin: Origin
    /// The path and query of the request line, beginning with `/`.
    public let target: String

    /// Creates a URL.
    ///
    /// Dot segments are rejected, including encoded ones: proxies and libraries remove them, and
    /// `/v2/mirror/app/manifests/../../other/x` would write to another repository.
    ///
    /// - Throws: ``URLError`` if the target does not begin with `/`, is longer than 16 KiB, or
    ///   contains spaces, control characters, backslashes, non-ASCII characters, a fragment or dot
    ///   segments.
    public init(_ origin: Origin, target: String) throws(URLError) {
        try Self.checkCharacters(target)
        guard target.hasPrefix("/"), target.utf8.count <= 16_384 else {
            throw URLError(target, "is not a path, or longer than 16 KiB")
        }
        let segments = Self.path(of: target).utf8.split(separator: UInt8(ascii: "/"))
        guard !segments.contains(where: Self.isDotSegment) else {
            throw URLError(target, "has '.' or '..' in its path")
        }
        self.origin = origin
        self.target = target
    }

    private static func checkCharacters(_ text: String) throws(URLError) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x23 && $0 != 0x5C }) else {
            throw URLError(text, "has spaces, backslashes, a fragment or characters beyond ASCII")
        }
    }

    /// Returns whether a segment consists of one or two dots, each of which may be encoded.
    private static func isDotSegment(_ segment: Substring.UTF8View) -> Bool {
        var rest = segment
        var count = 0
        while count < 2, !rest.isEmpty {
            if rest.first == UInt8(ascii: ".") {
                rest = rest.dropFirst()
            } else if rest.starts(with: "%2e".utf8) || rest.starts(with: "%2E".utf8) {
                rest = rest.dropFirst(3)
            } else {
                return false
            }
            count += 1
        }
        return rest.isEmpty
    }

    /// Returns the part of a target before its query.
    private static func path(of target: String) -> Substring {
        target[..<(target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex)]
    }

    /// Parses an absolute URL.
    ///
    /// - Throws: ``URLError`` for schemes other than http and https, user information, a host that
    ///   is not canonical, or a target that ``init(_:target:)`` rejects.
    public init(parsing text: String) throws(URLError) {
        try Self.checkCharacters(text)
        guard let mark = text.firstRange(of: "://") else {
            throw URLError(text, "is not an absolute URL")
        }
        guard let scheme = Origin.Scheme(rawValue: text[..<mark.lowerBound].lowercased()) else {
            throw URLError(text, "only http and https are followed")
        }
        let rest = text[mark.upperBound...]
        guard !rest.prefix(while: { $0 != "/" }).contains("@") else {
            throw URLError(text, "contains a user name; URLs must not contain credentials")
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest[authority.endIndex...]
        try self.init(
            try Origin(scheme: scheme, authority: String(authority)),
            target: target.hasPrefix("/") ? String(target) : "/\(target)")
    }

    /// Resolves a reference from a `Location` or `Link` header against this URL.
    ///
    /// Absolute URLs, `//host/path`, `/path`, `?query` and relative paths are supported. The bytes
    /// of the query are kept. The caller decides whether another origin, or one without TLS, may be
    /// requested.
    ///
    /// - Throws: ``URLError`` for all other forms, such as other schemes and dot segments.
    ///
    /// Source: RFC 3986 §5.2, restricted to these forms.
    public func resolving(_ reference: String) throws(URLError) -> HTTPURL {
        try Self.checkCharacters(reference)
        if reference.hasPrefix("//") {
            return try HTTPURL(parsing: "\(origin.scheme.rawValue):\(reference)")
        }
        if reference.hasPrefix("/") { return try HTTPURL(origin, target: reference) }
        let path = Self.path(of: target)
        if reference.hasPrefix("?") { return try HTTPURL(origin, target: path + reference) }
        // A colon in the first segment ends a scheme.
        if reference.prefix(while: { $0 != "?" && $0 != "/" }).contains(":") {
            return try HTTPURL(parsing: reference)
        }
        guard !reference.isEmpty else { throw URLError(reference, "is empty") }
        let folder = path.prefix(through: path.lastIndex(of: "/") ?? path.startIndex)
        return try HTTPURL(origin, target: folder + reference)
    }

    /// Returns the URL with `name=value` added to its query, the value percent-encoded.
    ///
    /// The existing query is kept byte for byte, because registries sign it.
    public func adding(query name: String, _ value: String) -> HTTPURL {
        let query = target[Self.path(of: target).endIndex...]
        let separator =
            query.isEmpty ? "?" : query == "?" || query.hasSuffix("&") ? "" : "&"
        return HTTPURL(
            checked: origin, "\(target)\(separator)\(name)=\(PercentEncoding.query(value))")
    }

    private init(checked origin: Origin, _ target: String) {
        self.origin = origin
        self.target = target
    }
}

extension HTTPURL: CustomStringConvertible, CustomReflectable {
    /// The URL without its query, which may contain signatures and tokens.
    public var description: String {
        let path = Self.path(of: target)
        return "\(origin)\(path)" + (path.endIndex < target.endIndex ? "?…" : "")
    }

    /// A mirror without children, so that `dump` and test output do not show the query.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A URL, or a part of one, that is not accepted.
public struct URLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text, without query and user information.
    public let text: UntrustedText
    /// The reason.
    public let reason: String

    /// Creates an error.
    ///
    /// Parts of the text that could contain a secret are removed.
    public init(_ text: String, _ reason: String) {
        self.text = UntrustedText(Self.withoutSecrets(text.unicodeScalars))
        self.reason = reason
    }

    /// Returns the text before the query and, if there is an `@`, after it.
    ///
    /// An `@` after a `?` or `#` may be the end of a password that contains such a character;
    /// then only the scheme is kept.
    private static func withoutSecrets(_ text: String.UnicodeScalarView) -> String {
        let path = text.prefix { $0 != "?" && $0 != "#" }
        guard let at = text.lastIndex(of: "@") else { return String(path) }
        if at < path.endIndex { return "…" + String(path[at...]) }
        return String(text.prefix { $0 != ":" && $0 != "?" && $0 != "#" }) + "…"
    }

    /// One line.
    public var description: String { "'\(text.display(limit: 200))': \(reason)" }
}

/// Percent-encoding (RFC 3986 §2).
public enum PercentEncoding {
    /// Encodes everything except unreserved characters, `:` and `/`, which are allowed in queries.
    public static func query(_ text: String) -> String {
        encode(text) { isUnreserved($0) || $0 == 0x3A || $0 == 0x2F }
    }

    /// Encodes everything except unreserved characters, for form bodies.
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
