// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// A Markdown page of limited size: long tables are collapsed, then truncated.
struct MarkdownPage {
    private(set) var text = ""
    private let limit: Int

    /// Creates an empty page.
    ///
    /// - Parameter limit: The maximum size in bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// Adds lines, if they fit.
    mutating func add(lines: [String]) {
        let block = lines.map { "\($0)\n" }.joined()
        if text.utf8.count + block.utf8.count <= limit { text += block }
    }

    /// Adds a table under a heading, unless it has no rows.
    ///
    /// A table uses at most half of the remaining space, and counts the rows that do not fit.
    ///
    /// - Parameters:
    ///   - title: The heading.
    ///   - header: The names of the columns.
    ///   - rows: The cells of each row, in Markdown.
    ///   - maximum: The number of rows above which the table is collapsed; `nil` for no limit.
    mutating func addTable(
        _ title: String, header: [String], rows: [[String]], collapsedAbove maximum: Int? = nil
    ) {
        guard !rows.isEmpty else { return }
        let isCollapsed = maximum.map { rows.count > $0 } ?? false
        let heading = "\(title) (\(rows.count))"
        add(
            lines: [""]
                + (isCollapsed
                    ? ["<details><summary><b>\(heading)</b></summary>", ""]
                    : ["## \(heading)", ""])
                + [line(header), line(header.map { _ in "---" })])
        let space = (limit - text.utf8.count) / 2
        var used = 0
        for (number, row) in rows.enumerated() {
            let line = "\(line(row))\n"
            used += line.utf8.count
            guard used < space else {
                text += "\n… \(rows.count - number) more; see the JSON report.\n"
                break
            }
            text += line
        }
        if isCollapsed { text += "\n</details>\n" }
    }

    private func line(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |" }
}

/// Returns untrusted text as code in Markdown, which is also valid in a table cell.
///
/// The text cannot mention users, close issues, become a link or end the cell.
///
/// Most text becomes a code span. Text with a character that is special even in a code span becomes
/// an HTML element in which punctuation is written as character references. A backslash before a
/// bar would not be sufficient, because a backslash in the text would escape it.
///
/// Source: CommonMark 0.31 §6.1 (code spans), §2.5 (numeric character references); GitHub Flavored
/// Markdown §4.10 (tables).
func code(_ text: String) -> String {
    let shown = UntrustedText(text).display(limit: 1024)
    // Compares scalars: with a combining accent, a delimiter is a different Character, but not to
    // Markdown.
    guard shown.unicodeScalars.contains(where: { $0 == "`" || $0 == "|" || $0 == "\\" }) else {
        return shown.isEmpty ? "" : "`\(shown)`"
    }
    var encoded = ""
    for scalar in shown.unicodeScalars {
        if scalar.isASCII, !scalar.properties.isAlphabetic, scalar != " " {
            encoded += "&#\(scalar.value);"
        } else {
            encoded.unicodeScalars.append(scalar)
        }
    }
    return "<code>\(encoded)</code>"
}

/// Returns untrusted text as code in Markdown.
func code(_ text: UntrustedText) -> String { code(text.raw) }
