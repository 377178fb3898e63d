// SPDX-License-Identifier: Apache-2.0

/// Text that somebody else chose: a registry's error message, a tag, a label, a file name in a layer.
///
/// It cannot be interpolated or printed by accident: its raw form has to be asked for by name, and
/// its description is the encoded one. A terminal obeys escape sequences, a log viewer obeys line
/// breaks, a reader is fooled by bidirectional overrides; none of them survives ``display``.
public struct UntrustedText: Hashable, Sendable {
    /// The text as it came, for comparing and decoding, never for showing.
    public let raw: String

    /// Takes text from outside as it is.
    public init(_ raw: String) {
        self.raw = raw
    }

    /// Takes bytes from outside; what is not UTF-8 becomes the replacement character.
    public init(bytes: some Collection<UInt8>) {
        self.raw = String(decoding: bytes, as: UTF8.self)
    }

    /// The text on one line, safe for a terminal and a log, at most 1,024 characters long.
    public var display: String { display(limit: 1024) }

    /// The text on one line, safe for a terminal and a log.
    ///
    /// Controls, line and paragraph separators, bidirectional and zero-width characters are written
    /// as `\u{…}`; runs of line breaks become one space. Workflow commands of CI systems (`::`,
    /// `##[`) are broken up with a visible backslash, because such systems read them anywhere
    /// in a line.
    ///
    /// - Parameter limit: how many characters are kept before an ellipsis.
    /// - Returns: the encoded text.
    public func display(limit: Int) -> String {
        var shown = ""
        var count = 0
        var previous: Unicode.Scalar?
        for scalar in raw.unicodeScalars {
            if count >= limit {
                shown += "…"
                break
            }
            defer { previous = scalar }
            switch scalar {
            case "\n", "\r", "\t":
                if previous != "\n", previous != "\r", previous != "\t", !shown.isEmpty {
                    shown += " "
                    count += 1
                }
            case ":" where previous == ":":
                shown += "\\:"
                count += 1
            case "[" where previous == "#":
                shown += "\\["
                count += 1
            case let scalar where Self.isDangerous(scalar):
                shown += "\\u{\(String(scalar.value, radix: 16))}"
                count += 1
            default:
                shown.unicodeScalars.append(scalar)
                count += 1
            }
        }
        while shown.hasSuffix(" ") { shown.removeLast() }
        return shown
    }

    /// Controls (C0, DEL, C1) and the characters that reorder or hide text.
    private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1F, 0x7F...0x9F: true
        case 0x61C, 0x180E, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069: true
        case 0xFEFF, 0xFFF9...0xFFFB, 0xE0000...0xE007F: true
        default: false
        }
    }
}

extension UntrustedText: CustomStringConvertible {
    /// The same as ``display``.
    public var description: String { display }
}
