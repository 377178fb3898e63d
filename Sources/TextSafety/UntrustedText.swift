// SPDX-License-Identifier: Apache-2.0

/// Text from an untrusted source: an error message, a tag, a label, a file name in a layer.
///
/// It cannot be interpolated or printed by accident: the raw text must be requested by name, and
/// the description is encoded. Terminals interpret escape sequences, log viewers line
/// breaks, and bidirectional overrides mislead readers; ``display`` contains none of them.
public struct UntrustedText: Hashable, Sendable {
    /// The original text, for comparing and decoding, never for showing.
    public let raw: String

    /// Creates a value from untrusted text.
    public init(_ raw: String) {
        self.raw = raw
    }

    /// Creates a value from untrusted bytes.
    ///
    /// Invalid UTF-8 becomes the replacement character.
    public init(bytes: some Collection<UInt8>) {
        self.raw = String(decoding: bytes, as: UTF8.self)
    }

    /// The encoded text on one line, truncated to 1,024 characters.
    public var display: String { display(limit: 1024) }

    /// Returns the text on one line, safe for a terminal and a log.
    ///
    /// Unsafe characters are written as `\u{…}`; runs of tabs and line breaks become one space.
    /// Workflow commands of CI systems are broken up with a visible backslash: `::` at the
    /// beginning of a word, and `##` everywhere.
    ///
    /// - Parameter limit: The number of characters before an ellipsis.
    /// - Returns: The encoded text.
    ///
    /// Source: GitHub's runner trims a line and then interprets `::name::`; the runner and
    /// Azure's agent interpret `##[name]` and `##vso[name]` anywhere in a line.
    public func display(limit: Int) -> String {
        var shown = ""
        var count = 0
        var last: Unicode.Scalar?
        var beforeLast: Unicode.Scalar?
        for scalar in raw.unicodeScalars {
            guard count < limit else {
                shown += "…"
                break
            }
            defer { (beforeLast, last) = (last, scalar) }
            switch scalar {
            case "\n", "\r", "\t":
                guard last != "\n", last != "\r", last != "\t", !shown.isEmpty else { continue }
                shown += " "
            case ":" where last == ":" && beforeLast?.properties.isWhitespace ?? true:
                shown += "\\:"
            case "#" where last == "#":
                shown += "\\#"
            case let scalar where !scalar.isSafeToShow:
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            default:
                shown.unicodeScalars.append(scalar)
            }
            count += 1
        }
        while shown.last == " " { shown.removeLast() }
        return shown
    }
}

extension UntrustedText: CustomStringConvertible, CustomReflectable {
    /// The encoded text, as in ``display``.
    public var description: String { display }

    /// A mirror without children, so that `dump` and test output show only ``display``.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

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
