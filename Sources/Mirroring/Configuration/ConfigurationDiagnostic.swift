// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// A problem of a configuration, with its location.
public struct ConfigurationDiagnostic: Hashable, Sendable {
    /// The file, as the user named it.
    public let file: String
    /// The line, from 1.
    public let line: Int
    /// The column in characters, from 1.
    public let column: Int
    /// The message, in lowercase, safe for a terminal.
    public let message: String
    /// The hint, if there is one.
    public let hint: String?
    /// The line as it may be shown: encoded, truncated if it is long, without the values of
    /// credentials.
    public let excerpt: String
    /// The number of characters of the excerpt before the location.
    public let caret: Int
    /// A Boolean value that indicates whether the configuration is usable despite the problem.
    public let isWarning: Bool
}

extension ConfigurationDiagnostic: CustomStringConvertible {
    /// `file:line:column: message`, then the line with a caret below the location.
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

/// The problems that make a configuration unusable, and its warnings, ordered by location.
public struct ConfigurationErrors: Error, Hashable, Sendable, CustomStringConvertible {
    /// The problems, of which at least one is not a warning.
    public let diagnostics: [ConfigurationDiagnostic]

    /// Creates an error from the problems of a configuration.
    public init(diagnostics: [ConfigurationDiagnostic]) {
        self.diagnostics = diagnostics
    }

    /// All problems as text, one below the other.
    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
