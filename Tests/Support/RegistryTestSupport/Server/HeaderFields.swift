// SPDX-License-Identifier: Apache-2.0

/// Header fields in their order; names are compared case-insensitively.
public struct HeaderFields: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    /// A header field.
    public struct Field: Hashable, Sendable {
        /// The name as received.
        public let name: String
        /// The value.
        public let value: String
    }

    /// The fields in their order.
    public private(set) var fields: [Field] = []

    /// Creates fields from a literal.
    public init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map(Field.init)
    }

    /// The first field with a name; setting it replaces all of them, setting `nil` removes them.
    public subscript(name: String) -> String? {
        get { fields.first { Self.same($0.name, name) }?.value }
        set {
            fields.removeAll { Self.same($0.name, name) }
            if let newValue { add(name, newValue) }
        }
    }

    /// Returns the values of all fields with a name.
    public func values(_ name: String) -> [String] {
        fields.filter { Self.same($0.name, name) }.map(\.value)
    }

    /// Adds a field, even if one with the same name exists.
    public mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    private static func same(_ first: String, _ second: String) -> Bool {
        first.lowercased() == second.lowercased()
    }
}
