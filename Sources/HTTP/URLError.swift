// SPDX-License-Identifier: Apache-2.0

public import TextSafety

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
