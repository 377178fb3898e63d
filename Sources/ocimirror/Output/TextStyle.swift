// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// The style of text, applied only if colors are enabled.
struct TextStyle: Sendable {
    /// A Boolean value that indicates whether escape sequences are written.
    let hasColor: Bool

    func bold(_ text: String) -> String { wrap(text, "1") }
    func dim(_ text: String) -> String { wrap(text, "2") }
    func red(_ text: String) -> String { wrap(text, "31") }
    func green(_ text: String) -> String { wrap(text, "32") }
    func yellow(_ text: String) -> String { wrap(text, "33") }

    private func wrap(_ text: String, _ code: String) -> String {
        hasColor ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

/// The width of text on a terminal.
///
/// East Asian wide characters take two columns; combining marks and escape sequences take none.
/// Some terminals differ for rare characters, so lines end one column before the edge.
extension String {
    /// The number of columns that the text occupies, without the escape sequences of `TextStyle`.
    var columns: Int {
        var count = 0
        var isPaint = false
        for scalar in unicodeScalars {
            if scalar == "\u{1B}" { isPaint = true }
            if !isPaint { count += scalar.columns }
            if scalar == "m" { isPaint = false }
        }
        return count
    }

    /// Returns a prefix of unstyled text that fits, with an ellipsis if it is truncated.
    func fitting(_ width: Int) -> String {
        guard columns > width else { return self }
        var (text, count) = ("", 0)
        for scalar in unicodeScalars {
            guard count + scalar.columns < width else { break }
            count += scalar.columns
            text.unicodeScalars.append(scalar)
        }
        return width > 0 ? text + "…" : ""
    }

    /// Returns the text shortened in its middle, so that names that differ only at one end stay
    /// different.
    func fittingBothEnds(_ width: Int) -> String {
        guard columns > width, width > 2 else { return fitting(width) }
        var (end, count) = ("", 0)
        for scalar in unicodeScalars.reversed() {
            guard count + scalar.columns <= (width - 1) / 2 else { break }
            count += scalar.columns
            end = String(scalar) + end
        }
        return fitting(width - count) + end
    }

    /// Returns the text padded with spaces after it, or before it if `isRight` is true.
    func padded(to width: Int, isRight: Bool = false) -> String {
        let space = String(repeating: " ", count: max(width - columns, 0))
        return isRight ? space + self : self + space
    }
}
