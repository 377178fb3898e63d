// SPDX-License-Identifier: Apache-2.0

/// The parsed content of a Markdown file.
struct Document {
    /// The path relative to the project's root.
    let path: String
    /// The lines outside fenced blocks.
    private(set) var prose: [Substring] = []
    /// The fenced blocks with their languages.
    private(set) var blocks: [(language: Substring, lines: [Substring])] = []

    init(path: String, text: String) {
        self.path = path
        var isFenced = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                isFenced.toggle()
                if isFenced { blocks.append((line.dropFirst(3), [])) }
            } else if isFenced {
                blocks[blocks.count - 1].lines.append(line)
            } else {
                prose.append(line)
            }
        }
    }

    /// The text between backticks in the prose.
    var inlineCode: [Substring] {
        prose.flatMap { $0.matches(of: /`([^`]+)`/).map(\.output.1) }
    }

    /// The link targets in the prose.
    var links: [Substring] {
        prose.flatMap { line in
            line.replacing(/`[^`]*`/, with: "code").matches(of: /\]\(([^)\s]+)\)/)
                .map { Substring($0.output.1) }
        }
    }

    /// The anchors of the headings.
    var anchors: [String] {
        prose.filter { $0.hasPrefix("#") }.map { heading in
            String(
                heading.drop { $0 == "#" }.dropFirst().lowercased().compactMap { character in
                    if character == " " { return "-" as Character }
                    let isKept =
                        character.isLetter || character.isNumber || "-_".contains(character)
                    return isKept ? character : nil
                })
        }
    }

    /// The rows of its tables, as cells.
    var rows: [[String]] {
        prose.filter { $0.hasPrefix("|") }.map { row in
            row.split(separator: "|").map { $0.trimming(" ") }
        }
    }

    /// The shell commands in the fenced blocks.
    var commandLines: [Substring] {
        let shown = blocks.filter { $0.language == "sh" }.flatMap(\.lines)
        let typed = blocks.filter { $0.language == "console" }.flatMap(\.lines)
            .filter { $0.hasPrefix("$ ") }.map { $0.dropFirst(2) }
        return shown + typed + inlineCode
    }
}

extension Substring {
    /// Returns the text without a character at its ends.
    func trimming(_ character: Character) -> String {
        var rest = self
        while rest.first == character { rest.removeFirst() }
        while rest.last == character { rest.removeLast() }
        return String(rest)
    }
}
