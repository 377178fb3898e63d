// SPDX-License-Identifier: Apache-2.0

/// A tag: `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`.
///
/// Source: distribution-spec § Pulling manifests.
public struct Tag: Hashable, Sendable {
    /// The text of the tag.
    public let name: String

    /// Parses a tag.
    ///
    /// - Throws: ``ParseError`` if the text is empty, longer than 128 characters or has an invalid
    ///   character.
    public init(parsing text: String) throws(ParseError) {
        guard !text.isEmpty else { throw ParseError("tag", text, reason: "is empty") }
        guard text.utf8.count <= 128 else {
            throw ParseError("tag", text, reason: "is longer than 128 characters")
        }
        guard let first = text.utf8.first, Self.isWord(first) else {
            throw ParseError("tag", text, reason: "must begin with a letter, a digit or '_'")
        }
        guard text.utf8.allSatisfy({ Self.isWord($0) || $0 == 0x2E || $0 == 0x2D }) else {
            throw ParseError(
                "tag", text, reason: "only letters, digits, '_', '.' and '-' are allowed")
        }
        self.name = text
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
        default: false
        }
    }

    /// A Boolean value that indicates whether the tag is a floating tag (`latest`, `main`,
    /// `nightly`, …).
    ///
    /// A partial version such as `16` or `1.29-alpine` may change too, but it is a version tag.
    public var isFloating: Bool { Self.floatingNames.contains(name.lowercased()) }

    private static let floatingNames: Set<String> = [
        "latest", "main", "master", "trunk", "head", "edge", "next", "nightly", "dev", "develop",
        "canary", "rolling", "unstable", "testing", "stable", "snapshot",
    ]
}

extension Tag: CustomStringConvertible, Comparable {
    /// The text of the tag.
    public var description: String { name }

    /// Orders tags by their bytes.
    public static func < (first: Tag, second: Tag) -> Bool {
        first.name.utf8.lexicographicallyPrecedes(second.name.utf8)
    }
}
