// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Where text is written; on a terminal, a few lines at the end of standard error are drawn over and over.
///
/// What is written meanwhile appears above them. The cursor stays visible and rests below the last
/// line, so that however the process ends, what comes next begins on a line of its own.
final class Screen: Sendable {
    private struct State {
        var isOn = false
        var lines: [String] = []
    }

    private let state = Mutex(State())

    /// How large the terminal behind standard error is.
    var size: CurrentProcess.Size { CurrentProcess.size(of: .error) ?? .usual }

    /// Writes text that brings its own line breaks.
    func write(_ text: String, to stream: CurrentProcess.Stream) {
        state.withLock { state in
            forgetInBackground(&state)
            let frame = ScreenUpdate(drawn: state.lines, now: size)
            if stream == .error {
                CurrentProcess.write(
                    frame.erasing + text + ScreenUpdate.text(of: state.lines), to: .error)
            } else if state.lines.isEmpty || !CurrentProcess.isTerminal(.output) {
                CurrentProcess.write(text, to: stream)
            } else {
                CurrentProcess.write(frame.erasing, to: .error)
                CurrentProcess.write(text, to: stream)
                CurrentProcess.write(ScreenUpdate.text(of: state.lines), to: .error)
            }
        }
    }

    /// Makes room for lines that are drawn over and over.
    func begin() {
        state.withLock { $0.isOn = true }
    }

    /// Replaces the lines; nothing happens where nobody would see them.
    func draw(_ lines: [String]) {
        state.withLock { state in
            guard state.isOn, !forgetInBackground(&state), CurrentProcess.showsAtOnce(.error) else {
                return
            }
            let frame = ScreenUpdate(drawn: state.lines, now: size)
            CurrentProcess.write(frame.replacing(with: lines), to: .error)
            state.lines = lines
        }
    }

    /// Takes the lines away for good.
    func end() {
        state.withLock { state in
            forgetInBackground(&state)
            CurrentProcess.write(ScreenUpdate(drawn: state.lines, now: size).erasing, to: .error)
            state = State()
        }
    }

    /// Forgets the lines once somebody else writes to the terminal.
    ///
    /// They are no longer where they were. Returns whether that is so.
    @discardableResult
    private func forgetInBackground(_ state: inout State) -> Bool {
        guard state.isOn, !CurrentProcess.isInForeground(.error) else { return false }
        state.lines = []
        return true
    }
}

/// What has to be written so that one set of lines takes the place of another.
struct ScreenUpdate {
    /// The lines that are there.
    let drawn: [String]
    /// How large the terminal is by now.
    let now: CurrentProcess.Size

    /// Takes the lines away; the cursor is then where the first one began.
    var erasing: String {
        drawn.isEmpty ? "" : "\u{1B}[\(height)A\r\u{1B}[J"
    }

    /// Puts other lines in their place, in one piece where the terminal can do that.
    func replacing(with lines: [String]) -> String {
        "\u{1B}[?2026h\(erasing)\(Self.text(of: lines))\u{1B}[?2026l"
    }

    static func text(of lines: [String]) -> String {
        lines.map { "\($0)\n" }.joined()
    }

    /// How many rows the lines take now: a terminal that has become narrower breaks them.
    private var height: Int {
        let width = max(now.columns, 1)
        let rows = drawn.reduce(0) { $0 + max(($1.columns + width - 1) / width, 1) }
        return min(rows, max(now.rows - 1, 1))
    }
}
