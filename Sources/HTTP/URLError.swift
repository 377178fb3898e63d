// SPDX-License-Identifier: Apache-2.0

public import TextSafety

/// A URL, or a part of one, that is not accepted.
public struct URLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text that was read, query and user information cut off.
    public let text: UntrustedText
    /// What is wrong with it.
    public let reason: String

    /// Makes an error; what could hold a secret is cut from the text.
    public init(_ text: String, _ reason: String) {
        self.text = UntrustedText(Self.withoutSecrets(text.unicodeScalars))
        self.reason = reason
    }

    /// Keeps what stands before the query and, where there is an `@`, after it.
    ///
    /// An `@` behind a `?` or `#` may be the end of a password that has such a character in it:
    /// of such a text only the scheme is kept.
    private static func withoutSecrets(_ text: String.UnicodeScalarView) -> String {
        let path = text.prefix { $0 != "?" && $0 != "#" }
        guard let at = text.lastIndex(of: "@") else { return String(path) }
        if at < path.endIndex { return "…" + String(path[at...]) }
        return String(text.prefix { $0 != ":" && $0 != "?" && $0 != "#" }) + "…"
    }

    /// One line.
    public var description: String { "'\(text.display(limit: 200))': \(reason)" }
}
