// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// The output device for text and for a few status lines below it, which are redrawn on a terminal.
///
/// Text is printed above the status lines. The cursor stays visible and rests below the last line,
/// so the output after the process ends always begins on a new line.
final class Screen: Sendable {
    private struct State {
        var isEnabled = false
        var lines: [String] = []
        /// The `errno` of the first failed write to standard output.
        var outputError: Int32?
    }

    private let state = Mutex(State())

    /// The size of the terminal of standard error.
    var size: TerminalSize { StandardStream.error.terminalSize ?? .fallback }

    /// The `errno` of the first failed write to standard output, or `nil`.
    var outputError: Int32? { state.withLock { $0.outputError } }

    /// Writes text above the status lines, without adding a line break.
    func write(_ text: String, to stream: StandardStream) {
        state.withLock { state in
            discardInBackground(&state)
            let update = ScreenUpdate(drawn: state.lines, size: size)
            if stream == .error {
                StandardStream.error.write(
                    update.erasing + text + ScreenUpdate.text(of: state.lines))
            } else if state.lines.isEmpty || !StandardStream.output.isTerminal {
                state.outputError = state.outputError ?? stream.write(text)
            } else {
                StandardStream.error.write(update.erasing)
                state.outputError = state.outputError ?? stream.write(text)
                StandardStream.error.write(ScreenUpdate.text(of: state.lines))
            }
        }
    }

    /// Enables the status lines.
    func begin() {
        state.withLock { $0.isEnabled = true }
    }

    /// Replaces the status lines, unless they are disabled, in the background or the write would
    /// block.
    func draw(_ lines: [String]) {
        state.withLock { state in
            guard state.isEnabled, !discardInBackground(&state), StandardStream.error.isWritable
            else {
                return
            }
            let update = ScreenUpdate(drawn: state.lines, size: size)
            StandardStream.error.write(update.replacing(with: lines))
            state.lines = lines
        }
    }

    /// Removes the status lines and disables them.
    func end() {
        state.withLock { state in
            discardInBackground(&state)
            StandardStream.error.write(ScreenUpdate(drawn: state.lines, size: size).erasing)
            state.isEnabled = false
            state.lines = []
        }
    }

    /// Discards the status lines if another process owns the terminal.
    ///
    /// Their position is unknown then. Returns a Boolean value that indicates whether that is the
    /// case.
    @discardableResult
    private func discardInBackground(_ state: inout State) -> Bool {
        guard state.isEnabled, !StandardStream.error.isInForeground else { return false }
        state.lines = []
        return true
    }
}

/// The output that replaces one set of status lines with another.
struct ScreenUpdate {
    /// The lines on the screen.
    let drawn: [String]
    /// The current size of the terminal.
    let size: TerminalSize

    /// The output that erases the lines and moves the cursor to the start of the first one.
    var erasing: String {
        drawn.isEmpty ? "" : "\u{1B}[\(height)A\r\u{1B}[J"
    }

    /// Returns the output that replaces the lines, as a synchronized update if the terminal
    /// supports it.
    func replacing(with lines: [String]) -> String {
        "\u{1B}[?2026h\(erasing)\(Self.text(of: lines))\u{1B}[?2026l"
    }

    static func text(of lines: [String]) -> String {
        lines.map { "\($0)\n" }.joined()
    }

    /// The number of rows that the lines occupy, because a narrower terminal wraps them.
    private var height: Int {
        let width = max(size.columns, 1)
        let rows = drawn.reduce(0) { $0 + max(($1.columns + width - 1) / width, 1) }
        return min(rows, max(size.rows - 1, 1))
    }
}
