// SPDX-License-Identifier: Apache-2.0

/// Formats a help text: blocks separated by blank lines, two columns, no line longer than the
/// width.
struct HelpRenderer {
    private static let indent = 2
    private static let gap = 2
    /// The width of the first column above which a description begins on the next line.
    private static let widestTerm = 28

    private let width: Int
    private var blocks: [[String]] = []

    init(width: Int) {
        self.width = max(width, 40)
    }

    var text: String {
        blocks.map { $0.joined(separator: "\n") + "\n" }.joined(separator: "\n")
    }

    mutating func add(_ paragraph: String) {
        blocks.append(Self.wrap(paragraph.split(separator: " ").map(String.init), to: width))
    }

    /// Adds sections whose second columns are aligned with each other.
    mutating func add(_ sections: [HelpSection]) {
        let terms = sections.flatMap(\.rows).map(\.term.count)
        let column = terms.filter { $0 <= Self.widestTerm }.max() ?? Self.widestTerm
        for section in sections where !section.rows.isEmpty {
            blocks.append(["\(section.title):"] + section.rows.flatMap { lines($0, column) })
        }
    }

    mutating func add(_ examples: [Example]) {
        guard !examples.isEmpty else { return }
        let margin = String(repeating: " ", count: 3 * Self.indent)
        let lines = examples.flatMap { example in
            let words = example.explanation.split(separator: " ").map(String.init)
            return [String(repeating: " ", count: Self.indent) + example.line]
                + Self.wrap(words, to: width - margin.count).map { margin + $0 }
        }
        blocks.append(["Examples:"] + lines)
    }

    mutating func add(_ topic: HelpTopic) {
        add(topic.summary)
        for block in topic.blocks {
            switch block {
            case .paragraph(let text): add(text)
            case .section(let section): add([section])
            case .lines(let lines):
                blocks.append(lines.map { String(repeating: " ", count: Self.indent) + $0 })
            }
        }
    }

    private func lines(_ row: HelpSection.Row, _ column: Int) -> [String] {
        let margin = String(repeating: " ", count: Self.indent + column + Self.gap)
        let words = row.explanation.split(separator: " ").map(String.init) + row.remarks
        let explanation = Self.wrap(words, to: width - margin.count)
        let term = String(repeating: " ", count: Self.indent) + row.term
        guard row.term.count <= column, let first = explanation.first else {
            return [term] + explanation.map { margin + $0 }
        }
        let padding = String(repeating: " ", count: margin.count - term.count)
        return [term + padding + first] + explanation.dropFirst().map { margin + $0 }
    }

    /// Wraps words into lines; a word that is too long has a line to itself.
    private static func wrap(_ words: [String], to width: Int) -> [String] {
        var lines: [String] = []
        for word in words {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(word)
            }
        }
        return lines
    }
}
