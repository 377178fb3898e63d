// SPDX-License-Identifier: Apache-2.0

extension Unicode.Scalar {
    /// A Boolean value that indicates whether the character is safe to show in a terminal or log.
    ///
    /// Control characters move the cursor or begin escape sequences, separators break lines, and
    /// formatting characters reorder text (bidirectional overrides) or are invisible (zero width,
    /// fillers, selectors, tag characters).
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
