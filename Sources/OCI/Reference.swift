// SPDX-License-Identifier: Apache-2.0

/// A repository with a tag, a digest, or both, which names a manifest.
///
/// ```
/// reference  = repository [":" tag] ["@" digest]
/// repository = [registry "/"] component {"/" component}
/// ```
///
/// The tag and the digest are kept together: the digest identifies the bytes, the tag names them.
///
/// Source: the grammar of the distribution reference implementation.
public struct Reference: Hashable, Sendable {
    /// The repository.
    public let repository: Repository
    /// The tag, if one is given.
    ///
    /// `latest` is never assumed.
    public let tag: Tag?
    /// The digest, if one is given.
    public let digest: Digest?

    /// Creates a reference from its parts.
    public init(_ repository: Repository, tag: Tag? = nil, digest: Digest? = nil) {
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// Parses a short or full reference.
    ///
    /// - Throws: ``ParseError`` that names the invalid part.
    public init(parsing text: String) throws(ParseError) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ParseError("reference", text, reason: "has spaces or characters beyond ASCII")
        }
        if let colon = text.utf8.firstIndex(of: Self.colon) {
            guard !text[colon...].hasPrefix("://") else {
                throw ParseError("reference", text, reason: "is a URL; write it without the scheme")
            }
            if let transport = Self.localTransports.first(where: { text[..<colon] == $0 }) {
                throw ParseError(
                    "reference", text,
                    reason: "is not in a registry; copy it to a layout: skopeo copy \(transport):… "
                        + "oci:DIR:TAG")
            }
        }
        // The text is ASCII, so bytes are characters and faster to search.
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
    /// The beginnings of other tools' names for images outside of registries.
    ///
    /// Source: containers-transports(5).
    private static let localTransports: Set<String> = [
        "containers-storage", "docker-archive", "docker-daemon", "oci-archive",
    ]
}

extension Reference: CustomStringConvertible {
    /// The full reference with its tag and digest.
    public var description: String {
        repository.description + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }
}
