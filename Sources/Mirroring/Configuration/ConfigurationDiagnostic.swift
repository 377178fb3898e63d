// SPDX-License-Identifier: Apache-2.0

internal import TextSafety
internal import YAML

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
    public var description: String { "\(firstLine)\n\(excerptLines(width: .max))" }

    /// `file:line:column: message`.
    public var firstLine: String {
        let kind = isWarning ? "warning: " : ""
        return "\(UntrustedText(file).display):\(line):\(column): \(kind)\(headline)"
    }

    /// Returns the excerpt with a caret below the location.
    ///
    /// - Parameter width: The maximum number of columns; the part around the location is shown.
    /// - Returns: Two lines, without a line break at the end.
    public func excerptLines(width: Int) -> String {
        let number = String(line)
        let gutter = String(repeating: " ", count: number.utf8.count)
        let room = max(width - number.utf8.count - 5, 20)
        // Without a truncation, the location is in the first half if it fits there.
        let start = excerpt.count > room ? min(max(caret - room / 2, 0), excerpt.count - room) : 0
        var shown = String(excerpt.dropFirst(start).prefix(room))
        if start > 0 { shown = "…" + shown.dropFirst() }
        if start + room < excerpt.count { shown = shown.dropLast() + "…" }
        let columns = shown.prefix(caret - start).unicodeScalars.reduce(0) { $0 + $1.columns }
        return "  \(number) | \(shown)\n"
            + "  \(gutter) | \(String(repeating: " ", count: columns))^"
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

/// The problems found so far.
struct ConfigurationDiagnostics {
    private let file: String
    private let text: YAMLText
    private let secrets: [Range<Int>]
    private var diagnostics: [ConfigurationDiagnostic] = []

    init(file: String, text: YAMLText, secrets: [Range<Int>]) {
        self.file = file
        self.text = text
        self.secrets = secrets
    }

    /// All problems, ordered by location.
    var sorted: [ConfigurationDiagnostic] {
        diagnostics.sorted {
            ($0.line, $0.column, $0.message) < ($1.line, $1.column, $1.message)
        }
    }

    /// Records a problem at a byte of the file.
    mutating func add(
        at offset: Int, _ message: String, hint: String? = nil, isWarning: Bool = false
    ) {
        let mark = text.mark(at: offset)
        let excerpt = ConfigurationExcerpt(of: text, at: offset, hiding: secrets)
        diagnostics.append(
            ConfigurationDiagnostic(
                file: file, line: mark.line, column: mark.column, message: message, hint: hint,
                excerpt: excerpt.text, caret: excerpt.caret, isWarning: isWarning))
    }

    /// Returns a description of a value for "expected …, found …"; secrets are described by their
    /// type only.
    func describe(_ node: YAMLNode) -> String {
        let isSecret = secrets.contains { $0.overlaps(node.range) }
        let shown = isSecret ? "" : " '\(UntrustedText(node.text ?? "").display(limit: 80))'"
        return switch YAMLScalar(node) {
        case .null?: "nothing"
        case .bool?: "boolean\(shown)"
        case .int?, .float?: "number\(shown)"
        case .string?: "string\(shown)"
        case nil where node.items != nil: "a list"
        case nil: "a mapping"
        }
    }

    /// Returns an excerpt of a word of the file, or nothing if it belongs to a secret.
    func quote(_ node: YAMLNode) -> String? {
        guard let text = node.text, !secrets.contains(where: { $0.overlaps(node.range) }) else {
            return nil
        }
        return "'\(UntrustedText(text).display(limit: 80))'"
    }
}
