// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// One problem of a configuration, at its place.
public struct ConfigurationDiagnostic: Hashable, Sendable {
    /// The file, as the user named it.
    public let file: String
    /// The line, from 1.
    public let line: Int
    /// The column in characters, from 1.
    public let column: Int
    /// What is wrong, in lower case, fit for a terminal.
    public let message: String
    /// What to do about it, where that is known.
    public let hint: String?
    /// The line as it may be shown: encoded, cut where it is long, values of credentials left out.
    public let excerpt: String
    /// How many characters of the excerpt stand before the place.
    public let caret: Int
    /// Whether the configuration may be used all the same.
    public let isWarning: Bool
}

extension ConfigurationDiagnostic: CustomStringConvertible {
    /// `file:line:column: message`, then the line with a caret below the place.
    public var description: String {
        let number = String(line)
        let gutter = String(repeating: " ", count: number.utf8.count)
        let kind = isWarning ? "warning: " : ""
        return """
            \(UntrustedText(file).display):\(line):\(column): \(kind)\(headline)
              \(number) | \(excerpt)
              \(gutter) | \(String(repeating: " ", count: caret))^
            """
    }

    /// The message and the hint on one line.
    public var headline: String { message + (hint.map { "; \($0)" } ?? "") }
}

/// Every problem that keeps a configuration from being used, and its warnings, by place.
public struct ConfigurationErrors: Error, Hashable, Sendable, CustomStringConvertible {
    /// The problems; at least one of them is no warning.
    public let diagnostics: [ConfigurationDiagnostic]

    /// Makes an error of the problems of a configuration.
    public init(diagnostics: [ConfigurationDiagnostic]) {
        self.diagnostics = diagnostics
    }

    /// All problems as text, one below the other.
    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
