// SPDX-License-Identifier: Apache-2.0

extension Unicode.Scalar {
    /// Whether a terminal, a log and a reader take the character for what it looks like.
    ///
    /// Controls move the cursor or begin escape sequences, separators break lines, formatting
    /// characters reorder text (bidirectional overrides) or hide in it (zero width, fillers,
    /// selectors, tag characters).
    ///
    /// Source: Unicode Character Database, `General_Category` Cc, Cf, Zl and Zp, and
    /// `Default_Ignorable_Code_Point`.
    public var isSafeToShow: Bool {
        if isASCII { return value >= 0x20 && value != 0x7F }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: false
        default: !properties.isDefaultIgnorableCodePoint
        }
    }
}
