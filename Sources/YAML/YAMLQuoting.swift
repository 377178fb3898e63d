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
        if let digits = Self.digits(ofPrefix: rest.prefix(2)) {
            let rest = rest.dropFirst(2)
            return !rest.isEmpty && rest.allSatisfy { $0 == "_" || digits.contains($0) }
        }
        let digits = rest.filter { $0 != "_" }
        if digits.contains(":") {
            return digits.allSatisfy { $0.isNumber || $0 == ":" || $0 == "." }
        }
        return isDate(rest) || isNumber(digits)
    }

    /// Returns a Boolean value that indicates whether the text is a number with an optional fraction
    /// and exponent.
    ///
    /// No reader resolves `1.2.3` to a number, although the YAML 1.1 expression for
    /// floats matches it.
    private static func isNumber(_ text: String) -> Bool {
        var rest = Substring(text).drop(while: \.isNumber)
        if rest.first == "." { rest = rest.dropFirst().drop(while: \.isNumber) }
        guard let exponent = rest.first else { return true }
        guard exponent == "e" || exponent == "E" else { return false }
        rest.removeFirst()
        if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        return rest.allSatisfy(\.isNumber)
    }

    /// Returns a Boolean value that indicates whether the text is a date, or a date and a time.
    private static func isDate(_ text: Substring) -> Bool {
        let parts = text.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, (1...2).contains(parts[1].count),
            parts[0].allSatisfy(\.isNumber), parts[1].allSatisfy(\.isNumber)
        else { return false }
        let rest = parts[2].drop(while: \.isNumber)
        return (1...2).contains(parts[2].count - rest.count)
            && (rest.isEmpty || "Tt".contains(rest.first ?? " "))
    }

    /// Returns the digits of the numbers that begin with `0b`, `0o` or `0x`; `nil` for another
    /// prefix.
    ///
    /// A commit id such as `0b12ab` begins like a binary number but is text for every reader.
    private static func digits(ofPrefix prefix: Substring) -> Set<Character>? {
        switch prefix.lowercased() {
        case "0b": Set("01")
        case "0o": Set("01234567")
        case "0x": Set("0123456789abcdefABCDEF")
        default: nil
        }
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "0"..."9", "A"..."Z", "a"..."z", "_": true
        default: false
        }
    }
}
