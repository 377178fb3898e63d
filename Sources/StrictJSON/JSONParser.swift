// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
    /// Parses a document strictly.
    ///
    /// If readers of the same bytes disagree, an image that was validated here runs as
    /// another one elsewhere. JSON readers differ on duplicate keys (first or last wins), byte
    /// order marks, trailing commas and lone surrogates. All of these are rejected, as is
    /// everything that RFC 8259 does not allow.
    ///
    /// - Parameters:
    ///   - bytes: The document in UTF-8.
    ///   - maximumDepth: The maximum nesting of arrays and objects.
    ///   - maximumCount: The maximum number of values, which bounds the memory of a document such
    ///     as `[0,0,…` or `[{},{},…`.
    ///   - allowsDuplicateKeys: A Boolean value that indicates whether an object may have several
    ///     members with one name. A ``JSONObject`` rejects them among the members that its reader knows.
    /// - Throws: ``JSONError`` with the byte offset.
    ///
    /// Source: RFC 8259; RFC 7493 (I-JSON) §2 for what is rejected beyond it.
    public init(
        parsing bytes: [UInt8], maximumDepth: Int = 64, maximumCount: Int = 1 << 18,
        allowsDuplicateKeys: Bool = false
    ) throws(JSONError) {
        // UTF-8 is validated once for the whole document, so that every slice between two ASCII
        // quotes is valid.
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw JSONError(location: "", reason: "the text is not UTF-8")
        }
        var parser = JSONParser(
            bytes: bytes, maximumDepth: maximumDepth, maximumCount: maximumCount,
            allowsDuplicateKeys: allowsDuplicateKeys)
        self = try parser.document()
    }
}

/// A recursive-descent parser with bounded depth.
private struct JSONParser {
    let bytes: [UInt8]
    let maximumDepth: Int
    let maximumCount: Int
    let allowsDuplicateKeys: Bool
    private var offset = 0
    private var count = 0

    init(bytes: [UInt8], maximumDepth: Int, maximumCount: Int, allowsDuplicateKeys: Bool) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
        self.maximumCount = maximumCount
        self.allowsDuplicateKeys = allowsDuplicateKeys
    }

    func failure(_ reason: String) -> JSONError {
        JSONError(location: "byte \(offset)", reason: reason)
    }

    var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            offset += 1
        }
    }

    /// Skips whitespace and consumes `byte` if it is next.
    mutating func take(_ byte: Unicode.Scalar) -> Bool {
        skipSpace()
        guard current == UInt8(ascii: byte) else { return false }
        offset += 1
        return true
    }

    mutating func document() throws(JSONError) -> JSONValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw failure("a byte order mark is not allowed")
        }
        let value = try value(depth: 0)
        skipSpace()
        guard current == nil else { throw failure("text after the document") }
        return value
    }

    /// Parses a value inside `depth` arrays and objects.
    mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        count += 1
        guard count <= maximumCount else { throw failure("more than \(maximumCount) values") }
        skipSpace()
        guard let byte = current else { throw failure("the document ends too early") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw failure("a value was expected")
        }
    }

    mutating func word(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard bytes[offset...].starts(with: word.utf8) else {
            throw failure("a value was expected")
        }
        offset += word.utf8.count
        return value
    }

    /// Consumes the opening bracket of an array or object inside `depth` others.
    mutating func open(depth: Int) throws(JSONError) {
        guard depth < maximumDepth else {
            throw failure("nested deeper than \(maximumDepth) levels")
        }
        offset += 1
    }

    mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        try open(depth: depth)
        var elements: [JSONValue] = []
        if take("]") { return .array(elements) }
        repeat {
            elements.append(try value(depth: depth + 1))
        } while take(",")
        guard take("]") else { throw failure("',' or ']' was expected") }
        return .array(elements)
    }

    mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        try open(depth: depth)
        var members: [JSONValue.Member] = []
        var names: Set<String> = []
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw failure("a key was expected") }
            let name = try string()
            // Swift compares strings by canonical equivalence, so two spellings of `é` are one
            // key. This is stricter than other readers, never more lenient.
            guard names.insert(name).inserted || allowsDuplicateKeys else {
                throw failure("duplicate key")
            }
            guard take(":") else { throw failure("':' was expected") }
            members.append(JSONValue.Member(name, try value(depth: depth + 1)))
        } while take(",")
        guard take("}") else { throw failure("',' or '}' was expected") }
        return .object(members)
    }

    mutating func number() throws(JSONError) -> JSONValue {
        let start = offset
        if current == UInt8(ascii: "-") { offset += 1 }
        let first = current
        let integerDigits = skipDigits()
        guard integerDigits > 0 else { throw failure("a digit was expected") }
        guard first != UInt8(ascii: "0") || integerDigits == 1 else {
            throw failure("a number starts with 0")
        }
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            offset += 1
            guard skipDigits() > 0 else { throw failure("a digit was expected") }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            offset += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { offset += 1 }
            guard skipDigits() > 0 else { throw failure("a digit was expected") }
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isInteger, text != "-0", let integer = Int(text) { return .integer(integer) }
        return .number(text)
    }

    mutating func skipDigits() -> Int {
        let start = offset
        while let byte = current, (0x30...0x39).contains(byte) { offset += 1 }
        return offset - start
    }

    mutating func string() throws(JSONError) -> String {
        offset += 1
        var text = ""
        var start = offset
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                text += String(decoding: bytes[start..<offset], as: UTF8.self)
                offset += 1
                return text
            case UInt8(ascii: "\\"):
                text += String(decoding: bytes[start..<offset], as: UTF8.self)
                offset += 1
                text.unicodeScalars.append(try escape())
                start = offset
            case 0..<0x20:
                throw failure("a control character in a string")
            default:
                offset += 1
            }
        }
        throw failure("a string does not end")
    }

    mutating func escape() throws(JSONError) -> Unicode.Scalar {
        guard let byte = current else { throw failure("a string does not end") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw failure("an unknown escape")
        }
    }

    mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let high = try fourHexDigits()
        // A NUL in a name or path ends a C string, so another reader would see different text.
        guard high != 0 else { throw failure("a NUL character in a string") }
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard (0xD800..<0xDC00).contains(high), current == UInt8(ascii: "\\") else {
            throw failure("a lone surrogate")
        }
        offset += 1
        guard current == UInt8(ascii: "u") else { throw failure("a lone surrogate") }
        offset += 1
        let low = try fourHexDigits()
        guard (0xDC00..<0xE000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
        else { throw failure("a lone surrogate") }
        return scalar
    }

    mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue
            else { throw failure("four hexadecimal digits were expected") }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }
}
