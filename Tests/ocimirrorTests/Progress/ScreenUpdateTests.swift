// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ocimirror

/// Redrawn status lines leave no artifacts on the terminal.
@Suite struct `a screen update` {
    private func frame(_ lines: [String], _ columns: Int, rows: Int = 24) -> ScreenUpdate {
        ScreenUpdate(drawn: lines, size: TerminalSize(columns: columns, rows: rows))
    }

    @Test func `replaces the previous one`() {
        var terminal = TerminalEmulator(columns: 80)
        terminal.write("before\n")
        terminal.write(frame([], 80).replacing(with: ["one", "two", "three"]))
        #expect(terminal.rows == ["before", "one", "two", "three"])
        terminal.write(frame(["one", "two", "three"], 80).replacing(with: ["1", "2"]))
        #expect(terminal.rows == ["before", "1", "2"])
        #expect(terminal.isAtFreshLine)
        terminal.write(
            frame(["1", "2"], 80).erasing + "a warning\n" + ScreenUpdate.text(of: ["1", "2"]))
        #expect(terminal.rows == ["before", "a warning", "1", "2"])
        terminal.write(frame(["1", "2"], 80).erasing)
        #expect(terminal.rows == ["before", "a warning"])
        #expect(terminal.isAtFreshLine)
        #expect(terminal.unknown.isEmpty)
    }

    @Test(arguments: [139, 100, 80, 70, 41, 20])
    func `erases lines that a narrower terminal has wrapped`(columns: Int) {
        let lines = [139, 70, 1, 80].map { String(repeating: "x", count: $0) }
        var terminal = TerminalEmulator(columns: 140)
        terminal.write("before\n" + frame([], 140).replacing(with: lines))
        terminal.resize(to: columns)
        terminal.write(frame(lines, columns).replacing(with: ["short"]))
        #expect(terminal.rows == ["before", "short"])
        #expect(terminal.unknown.isEmpty)
    }

    @Test func `never moves above the terminal`() {
        let erasing = frame((1...30).map(String.init), 80, rows: 10).erasing
        #expect(erasing == "\u{1B}[9A\r\u{1B}[J")
    }
}
