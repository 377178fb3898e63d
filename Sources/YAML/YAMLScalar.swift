// SPDX-License-Identifier: Apache-2.0

/// The value of a scalar under the core schema.
///
/// Source: YAML 1.2.2 §10.3.2 (tag resolution of the core schema).
public enum YAMLScalar: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int)
    /// A number with a fraction or exponent, or an integer beyond 64 bits.
    case float(Double)
    case string(String)

    /// Resolves the text of a plain scalar without a tag.
    public init(plain text: String) {
        switch text {
        case _ where Self.isNull(plain: text): self = .null
        case "true", "True", "TRUE": self = .bool(true)
        case "false", "False", "FALSE": self = .bool(false)
        case ".nan", ".NaN", ".NAN": self = .float(.nan)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": self = .float(.infinity)
        case "-.inf", "-.Inf", "-.INF": self = .float(-.infinity)
        default: self = Self.number(text) ?? .string(text)
        }
    }

    /// Resolves a scalar node; `nil` for a mapping, a sequence or an alias.
    ///
    /// Quoted and block scalars are strings, as are scalars with a tag outside the core schema.
    public init?(_ node: YAMLNode) {
        guard case .scalar(let text, let style) = node.kind else { return nil }
        switch node.tag {
        case nil where style == .plain: self = YAMLScalar(plain: text)
        case "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int",
            "tag:yaml.org,2002:float":
            self = YAMLScalar(plain: text)
        default: self = .string(text)
        }
    }

    /// Returns a Boolean value that indicates whether a plain scalar without a tag is null.
    static func isNull(plain text: String) -> Bool {
        switch text {
        case "", "~", "null", "Null", "NULL": true
        default: false
        }
    }

    private static func number(_ text: String) -> YAMLScalar? {
        if text.hasPrefix("0o"), isAll(text.dropFirst(2), { ("0"..."7").contains($0) }) {
            return whole(text.dropFirst(2), radix: 8)
        }
        if text.hasPrefix("0x"), isAll(text.dropFirst(2), { $0.isASCII && $0.isHexDigit }) {
            return whole(text.dropFirst(2), radix: 16)
        }
        var rest = Substring(text)
        if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        if isAll(rest, isDigit) {
            return Int(text).map { .int($0) } ?? Double(text).map { .float($0) }
        }
        guard isFloat(rest), let value = Double(text) else { return nil }
        return .float(value)
    }

    private static func whole(_ digits: Substring, radix: Int) -> YAMLScalar? {
        if let value = Int(digits, radix: radix) { return .int(value) }
        let value = digits.reduce(0.0) {
            $0 * Double(radix) + Double($1.hexDigitValue ?? 0)
        }
        return .float(value)
    }

    /// Returns a Boolean value that indicates whether the text is a number:
    /// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
    private static func isFloat(_ text: Substring) -> Bool {
        var rest = text
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        if rest.first == "." {
            let fraction = rest.dropFirst().prefix(while: isDigit)
            guard !whole.isEmpty || !fraction.isEmpty else { return false }
            rest = rest.dropFirst(1 + fraction.count)
        } else if whole.isEmpty {
            return false
        }
        guard let exponent = rest.first else { return true }
        guard exponent == "e" || exponent == "E" else { return false }
        rest = rest.dropFirst()
        if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        return isAll(rest, isDigit)
    }

    private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }

    private static func isAll(_ text: Substring, _ condition: (Character) -> Bool) -> Bool {
        !text.isEmpty && text.allSatisfy(condition)
    }
}
