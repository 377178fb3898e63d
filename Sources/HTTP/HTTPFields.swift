// SPDX-License-Identifier: Apache-2.0

/// Header fields with case-insensitive names and values without line breaks.
public struct HTTPFields: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    /// A field.
    public struct Field: Hashable, Sendable {
        /// The name in lowercase.
        public let name: String
        /// The value, without surrounding whitespace.
        public let value: String
    }

    /// The fields in order.
    public private(set) var fields: [Field] = []

    /// Creates fields from trusted names and values.
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }

    /// Adds a field.
    ///
    /// - Precondition: The name is a token, and the value has no control characters.
    public mutating func append(_ name: String, _ value: String) {
        let added = appendIfValid(name, value)
        precondition(
            added, "field name must be a token, and value must not contain control characters")
    }

    /// Adds a field with an untrusted name and value unless one of them is malformed.
    ///
    /// - Returns: A Boolean value that indicates whether the field was added.
    @discardableResult
    public mutating func appendIfValid(_ name: String, _ value: String) -> Bool {
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isToken),
            value.utf8.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) })
        else { return false }
        fields.append(Field(name: Self.lowercase(name), value: Self.withoutWhitespace(value)))
        return true
    }

    /// Returns a name in lowercase, without a copy if it already is.
    private static func lowercase(_ name: String) -> String {
        name.utf8.contains { (0x41...0x5A).contains($0) || $0 >= 0x80 } ? name.lowercased() : name
    }

    /// Returns a value without surrounding spaces and tabs, without a copy if it has none.
    private static func withoutWhitespace(_ value: String) -> String {
        let isText = { (byte: UInt8) in byte != 0x20 && byte != 0x09 }
        if let first = value.utf8.first, let last = value.utf8.last, isText(first), isText(last) {
            return value
        }
        guard let start = value.utf8.firstIndex(where: isText),
            let last = value.utf8.lastIndex(where: isText)
        else { return "" }
        return String(value[start..<value.utf8.index(after: last)])
    }

    /// Returns the first value of a field.
    public subscript(name: String) -> String? {
        let name = Self.lowercase(name)
        return fields.first { $0.name == name }?.value
    }

    /// Returns all values of a field.
    public func values(_ name: String) -> [String] {
        let name = Self.lowercase(name)
        return fields.filter { $0.name == name }.map(\.value)
    }

    /// Source: RFC 9110 §5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
