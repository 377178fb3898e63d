// SPDX-License-Identifier: Apache-2.0

/// Rows of aligned columns, each with lines of detail below it that are wrapped to the width.
struct Listing {
    /// A cell, and how it is shown.
    struct Cell {
        var text: String
        var paint: (String) -> String = { $0 }
    }

    /// A row and what is said about it.
    private struct Row {
        let cells: [Cell]
        let details: [Cell]
    }

    private let width: Int
    private var rows: [Row] = []

    init(width: Int) {
        self.width = width
    }

    /// Adds a row; empty cells at its end cost no space.
    mutating func add(_ cells: [Cell], details: [Cell] = []) {
        rows.append(Row(cells: cells, details: details))
    }

    /// The rows as text.
    var text: String {
        let columns = rows.map(\.cells.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.cells.count > column ? $0.cells[column].text.count : 0 }.max() ?? 0
        }
        var text = ""
        for row in rows {
            let last = row.cells.lastIndex { !$0.text.isEmpty } ?? 0
            for (column, cell) in row.cells[...last].enumerated() {
                let padding = column < last ? widths[column] - cell.text.count + 2 : 0
                text += cell.paint(cell.text) + String(repeating: " ", count: padding)
            }
            text += "\n"
            text += Self.details(row.details, width: width)
        }
        return text
    }

    /// Lines of detail, indented and wrapped.
    static func details(_ details: [Cell], width: Int) -> String {
        lines(details, indentedBy: 4, width: width)
    }

    /// Wrapped lines; the continuation of a line is indented by two more columns.
    static func lines(_ cells: [Cell], indentedBy indent: Int = 0, width: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        var text = ""
        for cell in cells {
            for (number, line) in wrap(cell.text, to: width - indent - 2).enumerated() {
                text += margin + (number == 0 ? "" : "  ") + cell.paint(line) + "\n"
            }
        }
        return text
    }

    /// Breaks a text at spaces; a word that is longer than a line gets a line of its own.
    static func wrap(_ text: String, to width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
