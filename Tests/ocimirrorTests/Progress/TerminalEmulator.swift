// SPDX-License-Identifier: Apache-2.0

/// A minimal terminal emulator: the screen after some output.
///
/// It wraps long lines, and wraps them again when its width changes, as most terminals do.
/// Unknown sequences are recorded in `unknown`.
struct TerminalEmulator {
    private(set) var columns: Int
    /// The lines before wrapping, each of which can occupy several rows.
    private var lines: [[Character]] = [[]]
    /// The line and the column of the cursor.
    private var line = 0
    private var column = 0
    private(set) var unknown: [String] = []

    init(columns: Int) {
        self.columns = columns
    }

    /// The visible rows, without empty ones at the end.
    var rows: [String] {
        var rows = lines.flatMap { Self.broken($0, columns) }
        while rows.last == "" { rows.removeLast() }
        return rows
    }

    /// A Boolean value that indicates whether the cursor is at the start of an empty last line.
    var isAtFreshLine: Bool { column == 0 && lines[line...].allSatisfy(\.isEmpty) }

    mutating func resize(to columns: Int) {
        self.columns = columns
    }

    mutating func write(_ text: String) {
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\r": column = 0
            case "\n":
                line += 1
                column = 0
                if line == lines.count { lines.append([]) }
            case "\u{1B}":
                let sequence = rest.prefix { !("@"..."~").contains($0) || $0 == "[" }
                rest = rest.dropFirst(sequence.count)
                obey(String(sequence) + (rest.popFirst().map { String($0) } ?? ""))
            default:
                let character = Character(scalar)
                if column < lines[line].count {
                    lines[line][column] = character
                } else {
                    lines[line].append(character)
                }
                column += 1
            }
        }
    }

    private mutating func obey(_ sequence: String) {
        let parameter = String(sequence.dropFirst().dropLast())
        switch (sequence.first, sequence.last) {
        case ("[", "m"): break
        case ("[", "h"), ("[", "l"): if parameter != "?2026" { unknown.append(sequence) }
        case ("[", "A"): moveUp(Int(parameter) ?? 1)
        case ("[", "J"):
            lines[line].removeSubrange(min(column, lines[line].count)...)
            lines.removeSubrange((line + 1)...)
        default: unknown.append(sequence)
        }
    }

    /// Moves up by rows, not by lines.
    private mutating func moveUp(_ count: Int) {
        var left = count
        while left > 0, line > 0 {
            line -= 1
            left -= Self.broken(lines[line], columns).count
        }
        if left < 0 { unknown.append("up into the middle of a line") }
    }

    private static func broken(_ line: [Character], _ columns: Int) -> [String] {
        guard !line.isEmpty else { return [""] }
        return stride(from: 0, to: line.count, by: columns).map {
            String(line[$0..<min($0 + columns, line.count)])
        }
    }
}
