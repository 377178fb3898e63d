// SPDX-License-Identifier: Apache-2.0

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

extension Unicode.Scalar {
    /// The number of columns that the scalar occupies.
    ///
    /// Source: Unicode Standard Annex 11, the ranges of wide and fullwidth characters.
    fileprivate var columns: Int {
        guard value >= 0x300 else { return 1 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: return Self.wide.contains { $0.contains(value) } ? 2 : 1
        }
    }

    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x231A...0x231B, 0x23E9...0x23EC, 0x2E80...0x303E, 0x3041...0x33FF,
        0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
        0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18AFF,
        0x1B000...0x1B2FF, 0x1F200...0x1F2FF, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
        0x1F900...0x1FAFF, 0x20000...0x3FFFD,
    ]
}
