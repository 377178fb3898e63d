// SPDX-License-Identifier: Apache-2.0

/// A page in Markdown that never grows beyond a limit: long tables are folded, then cut.
struct MarkdownPage {
    private(set) var text = ""
    private let limit: Int

    /// Makes an empty page.
    ///
    /// - Parameter limit: how many bytes it may have.
    init(limit: Int) {
        self.limit = limit
    }

    /// Adds lines, if they fit.
    mutating func add(lines: [String]) {
        let block = lines.map { "\($0)\n" }.joined()
        if text.utf8.count + block.utf8.count <= limit { text += block }
    }

    /// Adds a table under a heading; nothing where it has no rows.
    ///
    /// What does not fit is counted, and no one table takes all the room of those after it.
    ///
    /// - Parameters:
    ///   - title: the heading.
    ///   - header: the columns.
    ///   - rows: their cells, which are Markdown already.
    ///   - most: with how many rows it still stands open; nil for however many.
    mutating func addTable(
        _ title: String, _ header: [String], _ rows: [[String]], foldedAbove most: Int? = nil
    ) {
        guard !rows.isEmpty else { return }
        let isFolded = most.map { rows.count > $0 } ?? false
        let heading = "\(title) (\(rows.count))"
        add(
            lines: [""]
                + (isFolded
                    ? ["<details><summary><b>\(heading)</b></summary>", ""]
                    : ["## \(heading)", ""])
                + [line(header), line(header.map { _ in "---" })])
        let room = (limit - text.utf8.count) / 2
        var taken = 0
        for (number, row) in rows.enumerated() {
            let line = "\(line(row))\n"
            taken += line.utf8.count
            guard taken < room else {
                text += "\n… and \(rows.count - number) more; the JSON report has them all.\n"
                break
            }
            text += line
        }
        if isFolded { text += "\n</details>\n" }
    }

    private func line(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |" }
}
