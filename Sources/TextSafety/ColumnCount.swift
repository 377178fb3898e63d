// SPDX-License-Identifier: Apache-2.0

extension StringProtocol {
    /// The number of columns that a terminal needs for the text.
    public var columnCount: Int {
        // Every UTF-8 code unit of ASCII text is a character of one column, except line breaks.
        utf8.allSatisfy { $0 < 0x80 } ? utf8.count : reduce(0) { $0 + $1.columnCount }
    }
}

extension Character {
    /// 2 for the characters of East Asian scripts and emoji, else 1.
    ///
    /// Source: UAX #11 § 4 and EastAsianWidth.txt (W and F); UAX #51 § 2.2 for emoji.
    fileprivate var columnCount: Int {
        let scalars = unicodeScalars
        guard let first = scalars.first, !first.isASCII || scalars.count > 1 else { return 1 }
        let isWide =
            first.properties.isEmojiPresentation || scalars.contains("\u{FE0F}")
            || Self.wideRanges.contains { $0.contains(first.value) }
        return isWide ? 2 : 1
    }

    /// The ranges of wide characters other than emoji, with the unassigned ones between them.
    private static let wideRanges: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97C,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6B, 0xFF01...0xFF60,
        0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265,
        0x20000...0x3FFFD,
    ]
}
