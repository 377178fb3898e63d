// SPDX-License-Identifier: Apache-2.0

/// Functions that write text so that every YAML reader reads the same text back.
public enum YAMLQuoting {
    /// Returns the text as a double-quoted scalar of printable ASCII characters, on one line.
    ///
    /// Source: YAML 1.2.2 §5.7 (escaped characters).
    public static func doubleQuoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case " "..."~": quoted.unicodeScalars.append(scalar)
            default: quoted += escape(scalar.value)
            }
        }
        return quoted + "\""
    }

    /// Returns the text, which must be printable and on one line, as a single-quoted scalar.
    ///
    /// Source: YAML 1.2.2 §7.3.2 (single-quoted style).
    public static func singleQuoted(_ text: String) -> String {
        var quoted = "'"
        for scalar in text.unicodeScalars {
            quoted.unicodeScalars.append(scalar)
            if scalar == "'" { quoted += "'" }
        }
        return quoted + "'"
    }

    private static func escape(_ value: UInt32) -> String {
        let (letter, width) =
            switch value {
            case 0...0xFF: ("x", 2)
            case 0x100...0xFFFF: ("u", 4)
            default: ("U", 8)
            }
        let digits = String(value, radix: 16, uppercase: true)
        return "\\\(letter)" + String(repeating: "0", count: width - digits.count) + digits
    }

    /// Returns a Boolean value that indicates whether readers of YAML 1.1 and of YAML 1.2 both read
    /// the unquoted text as a string.
    ///
    /// Readers of YAML 1.1 (PyYAML) and readers between the versions (go-yaml, and thus Helm and
    /// kubectl) resolve more plain scalars than the core schema: `no` and `on` are booleans,
    /// `0123`, `1_000`, `0b1` and `12:30:45` are numbers, `2027-01-31` is a date, and `26e2` is a
    /// number. The function also rejects text that cannot be plain at all, because of a leading
    /// indicator or the sequences colon-space and space-hash, including in flow collections.
    ///
    /// Source: YAML 1.1 types `bool`, `int`, `float`, `timestamp`, `merge`, `value`.
    public static func isSafePlain(_ text: String) -> Bool {
        guard case .string = YAMLScalar(plain: text) else { return false }
        guard !words.contains(text.lowercased()), !looksNumeric(text) else { return false }
        guard let first = text.unicodeScalars.first, isWord(first) || first == "/" || first == "."
        else { return false }
        var previous: Unicode.Scalar = " "
        for scalar in text.unicodeScalars {
            guard isWord(scalar) || "/.-+@:".unicodeScalars.contains(scalar) else { return false }
            previous = scalar
        }
        return previous != ":" && !text.hasPrefix("...")
    }

    private static let words: Set<String> = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "=", "<<",
    ]

    /// Returns a Boolean value that indicates whether the text begins with a digit, after an
    /// optional sign or dot, and consists of characters of numbers and dates.
    private static func looksNumeric(_ text: String) -> Bool {
        var rest = Substring(text)
        if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        if rest.first == "." { rest.removeFirst() }
        guard let first = rest.first, first.isASCII, first.isNumber else { return false }
        // No reader resolves `1.2.3` to a number, although the YAML 1.1 expression for floats
        // matches it.
        if rest.count(where: { $0 == "." }) > 1, rest.allSatisfy({ $0.isNumber || $0 == "." }) {
            return false
        }
        let prefix = rest.prefix(2).lowercased()
        if prefix == "0x" || prefix == "0o" || prefix == "0b" { return true }
        return rest.allSatisfy {
            $0.isASCII && ($0.isNumber || "_.:eE+-TtZz".contains($0))
        }
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "0"..."9", "A"..."Z", "a"..."z", "_": true
        default: false
        }
    }
}
