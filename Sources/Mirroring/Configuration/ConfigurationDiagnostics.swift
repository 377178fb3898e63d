// SPDX-License-Identifier: Apache-2.0

internal import TextSafety
internal import YAML

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
