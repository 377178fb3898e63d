// SPDX-License-Identifier: Apache-2.0

/// A repository with the tag, the digest, or both, that name a manifest in it.
///
/// ```
/// reference  = repository [":" tag] ["@" digest]
/// repository = [registry "/"] component {"/" component}
/// ```
///
/// Tag and digest are kept together: the digest says which bytes, the tag says what they were called.
///
/// Source: the grammar of the distribution reference implementation.
public struct Reference: Hashable, Sendable {
    /// The repository.
    public let repository: Repository
    /// The tag, where one is given; it is never made up.
    public let tag: Tag?
    /// The digest, where one is given.
    public let digest: Digest?

    /// Makes a reference from its parts.
    public init(_ repository: Repository, tag: Tag? = nil, digest: Digest? = nil) {
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// Parses a familiar or full reference.
    ///
    /// - Throws: ``ParseError`` that names the part that is wrong.
    public init(parsing text: String) throws(ParseError) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ParseError("reference", text, "has spaces or characters beyond ASCII")
        }
        guard text.utf8.firstIndex(of: Self.colon).map({ text[$0...].hasPrefix("://") }) != true
        else {
            throw ParseError("reference", text, "is a URL; write it without the scheme")
        }
        // All of it is ASCII: bytes are characters, and much faster to look through.
        var rest = Substring(text)
        var digest: Digest?
        if let at = rest.utf8.firstIndex(of: UInt8(ascii: "@")) {
            digest = try Digest(parsing: String(rest[rest.index(after: at)...]))
            rest = rest[..<at]
        }
        var tag: Tag?
        // A colon before the last slash belongs to a port or an IPv6 address.
        let name =
            rest.utf8.lastIndex(of: UInt8(ascii: "/")).map { rest.index(after: $0) }
            ?? rest.startIndex
        if let colon = rest[name...].utf8.firstIndex(of: Self.colon) {
            tag = try Tag(parsing: String(rest[rest.index(after: colon)...]))
            rest = rest[..<colon]
        }
        self.init(try Repository(parsing: String(rest)), tag: tag, digest: digest)
    }
}

extension Reference {
    private static let colon = UInt8(ascii: ":")
}

extension Reference: CustomStringConvertible {
    /// The full reference, with tag and digest as far as it has them.
    public var description: String {
        repository.description + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }
}
