// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// A table of aligned columns, with wrapped detail lines below each row.
struct Listing {
    /// The text of a cell and its style.
    struct Cell {
        /// The text on one line, without control characters and commands of CI systems.
        let text: String
        let paint: (String) -> String

        /// Creates a cell; untrusted text in it is encoded.
        init(text: String, paint: @escaping (String) -> String = { $0 }) {
            self.text = UntrustedText(text).display(limit: .max)
            self.paint = paint
        }

        /// Creates a cell of which only a label at its beginning, after `start`, is painted.
        static func labeled(
            _ label: String, _ text: String, after start: String = "",
            _ paint: @escaping (String) -> String
        ) -> Cell {
            let prefix = start + label
            return Cell(text: "\(prefix) \(text)") { line in
                guard line.hasPrefix(prefix) else { return line }
                return start + paint(label) + line.dropFirst(prefix.count)
            }
        }
    }

    /// A row with its detail lines.
    private struct Row {
        var cells: [Cell]
        var details: [Cell]
        /// The failure that other rows can share.
        var failure: SharedFailure?
    }

    private let width: Int
    private let style: TextStyle
    private let titles: [String]
    private var rows: [Row] = []

    /// Creates an empty table.
    ///
    /// - Parameters:
    ///   - width: The maximum width of a line.
    ///   - style: The style of titles and details.
    ///   - titles: The titles of the columns, or nothing. A table with titles has a dash in each
    ///     empty cell; if it is too wide, it becomes one block per row, with a labeled line for each
    ///     cell that is not empty.
    init(
        width: Int, style: TextStyle = TextStyle(hasColor: false), titles: [String] = []
    ) {
        self.width = width
        self.style = style
        self.titles = titles
    }

    /// Adds a row.
    ///
    /// Empty cells at its end are not padded. Rows with the same failure become one, if there are
    /// at least ``SharedFailure/minimum``.
    mutating func add(_ cells: [Cell], details: [Cell] = [], failure: SharedFailure? = nil) {
        rows.append(Row(cells: cells, details: details, failure: failure))
    }

    /// The rows in order, with one row for those that share a failure in the place of the first.
    private var merged: [Row] {
        let groups = Dictionary(grouping: rows.filter { $0.failure != nil }, by: \.failure)
            .filter { $0.value.count >= SharedFailure.minimum }
        var added: Set<SharedFailure> = []
        return rows.compactMap { row in
            guard let failure = row.failure, let group = groups[failure] else { return row }
            guard added.insert(failure).inserted else { return nil }
            var row = row
            row.cells = Array(row.cells.prefix(2))
            row.cells[0] = Cell(text: counted(group.count, "image"), paint: row.cells[0].paint)
            row.details =
                failure.details(of: group.map { $0.cells[0].text }, style)
            return row
        }
    }

    /// The formatted table.
    var text: String {
        titles.isEmpty ? Self.table(merged, width: width) : titledText
    }

    /// The table with its titles, or the blocks of its rows if it is too wide.
    private var titledText: String {
        let dash = Cell(text: "-", paint: style.dim)
        let titleRow = Row(cells: titles.map { Cell(text: $0, paint: style.dim) }, details: [])
        let rows = merged
        let filled = rows.map { row in
            var row = row
            row.cells = row.cells.map { $0.text.isEmpty ? dash : $0 }
            return row
        }
        let table = [titleRow] + filled
        let fits = Self.columnWidths(of: table).reduce(-2) { $0 + $1 + 2 } <= width
        return fits ? Self.table(table, width: width) : rows.map(block).joined()
    }

    private static func columnWidths(of rows: [Row]) -> [Int] {
        (0..<(rows.map(\.cells.count).max() ?? 0)).map { column in
            rows.map { $0.cells.count > column ? $0.cells[column].text.columns : 0 }.max() ?? 0
        }
    }

    /// Returns aligned rows.
    private static func table(_ rows: [Row], width: Int) -> String {
        let widths = columnWidths(of: rows)
        var text = ""
        for row in rows {
            let last = row.cells.lastIndex { !$0.text.isEmpty } ?? 0
            let start = widths[..<last].reduce(0) { $0 + $1 + 2 }
            if start - 2 > width {
                let cells = row.cells.filter { !$0.text.isEmpty }
                text += lines(Array(cells.prefix(1)), width: width)
                text += details(Array(cells.dropFirst()) + row.details, width: width)
                continue
            }
            for (column, cell) in row.cells[..<last].enumerated() {
                let padding = widths[column] - cell.text.columns + 2
                text += cell.paint(cell.text) + String(repeating: " ", count: padding)
            }
            if !fits(row.cells[last].text, from: start, width: width), last > 0 {
                while text.last == " " { text.removeLast() }
                text += "\n" + details([row.cells[last]], width: width)
            } else {
                text += lastCell(row.cells[last], from: start, width: width)
            }
            text += details(row.details, width: width)
        }
        return text
    }

    /// Returns a row as one labeled line per cell that is not empty, indented below the first.
    private func block(_ row: Row) -> String {
        let cells = zip(titles, row.cells).filter { !$1.text.isEmpty }.map { title, cell in
            let label = "\(title): "
            return Cell(text: label + cell.text) { line in
                guard line.hasPrefix(label) else { return cell.paint(line) }
                return style.dim(label) + cell.paint(String(line.dropFirst(label.count)))
            }
        }
        return Self.lines(Array(cells.prefix(1)), width: width)
            + Self.lines(Array(cells.dropFirst()), indentedBy: 2, width: width)
            + Self.details(row.details, width: width)
    }

    /// Returns a Boolean value that indicates whether a text fits into the last column, in several lines
    /// if the column is wide enough; if not, the text gets its own lines.
    private static func fits(_ text: String, from start: Int, width: Int) -> Bool {
        let room = width - start
        let longest = words(of: text).map(\.columns).max() ?? 0
        // Half of a usual terminal, or of a narrower one.
        return text.columns <= room || room >= min(40, width / 2) && longest <= room
    }

    /// Returns the lines of the last cell of a row, wrapped within its column.
    private static func lastCell(_ cell: Cell, from start: Int, width: Int) -> String {
        let lines = wrap(cell.text, to: width - start).map(cell.paint)
        return lines.joined(separator: "\n" + String(repeating: " ", count: start)) + "\n"
    }

    /// Returns detail lines, indented and wrapped.
    static func details(_ details: [Cell], width: Int) -> String {
        lines(details, indentedBy: 4, width: width)
    }

    /// Returns wrapped lines; continuation lines are indented by two more columns.
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

    /// Returns a text broken at single spaces; several spaces may be part of a path and are kept.
    ///
    /// A word that is longer than `width` gets its own line.
    static func wrap(_ text: String, to width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        var lineWidth = 0
        for word in words(of: text) {
            let wordWidth = word.columns
            if !line.isEmpty, lineWidth + 1 + wordWidth > width {
                lines.append(line)
                line = ""
                lineWidth = 0
            }
            lineWidth += wordWidth + (line.isEmpty ? 0 : 1)
            line += line.isEmpty ? word : " \(word)"
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// Returns the parts of a text between single spaces.
    private static func words(of text: String) -> [String] {
        var words: [String] = []
        var followsSpaces = false
        for part in text.split(separator: " ", omittingEmptySubsequences: false) {
            if part.isEmpty || followsSpaces, !words.isEmpty {
                words[words.count - 1] += " \(part)"
            } else {
                words.append(String(part))
            }
            followsSpaces = part.isEmpty
        }
        return words
    }
}
