// SPDX-License-Identifier: Apache-2.0

/// A JSON document as a tree, object members in the order in which they stood.
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A number written without fraction and exponent that fits 64 bits.
    case integer(Int)
    /// Any other number, kept as it was written.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// One `"name": value` of an object.
    public struct Member: Hashable, Sendable {
        /// The member's name.
        public let name: String
        /// The member's value.
        public let value: JSONValue

        /// Makes a member.
        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// The word for this kind of value in error messages.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a number that is no 64-bit integer"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// Where and why text is not JSON, or not the JSON that was expected.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where: `byte 17`, or a path such as `manifests[1].size`.
    public let place: String
    /// What is wrong there, in words that quote nothing from the document.
    public let reason: String

    /// Makes an error.
    public init(place: String, reason: String) {
        self.place = place
        self.reason = reason
    }

    /// One line: place, then reason.
    public var description: String { place.isEmpty ? reason : "\(place): \(reason)" }
}
