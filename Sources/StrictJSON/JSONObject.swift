// SPDX-License-Identifier: Apache-2.0

/// The members of an object that its reader knows, with the path for error messages.
///
/// Members are read by name and type. Unknown members are ignored, except a name that differs from
/// a known one only in case: Go's decoder takes `Layers` for `layers`, so such a document has
/// different meanings for different readers and is rejected, as is one with two members of a known
/// name.
public struct JSONObject: Sendable {
    /// The path of the object in the document, such as `manifests[1]`; empty for the document
    /// itself.
    public let path: String
    private let values: [String: JSONValue]

    /// Creates the object from a JSON value.
    ///
    /// - Parameters:
    ///   - value: The value, which must be an object.
    ///   - path: The path of the value.
    ///   - known: The names of all members that are read, or that decide how others are read.
    /// - Throws: ``JSONError`` if the value is not an object, a known name occurs twice, or a name
    ///   differs from a known one only in case.
    public init(_ value: JSONValue, path: String = "", known: Set<String>) throws(JSONError) {
        guard case .object(let members) = value else {
            throw JSONError(location: path, reason: "is \(value.kind), not an object")
        }
        self.path = path
        self.values = Dictionary(members.map { ($0.name, $0.value) }) { first, _ in first }
        if values.count < members.count {
            var seen: Set<String> = []
            for name in members.lazy.map(\.name) where known.contains(name) {
                guard seen.insert(name).inserted else { throw failure(name, "duplicate key") }
            }
        }
        let others = members.lazy.map(\.name).filter { !known.contains($0) }
        guard !others.isEmpty else { return }
        let folded = Dictionary(known.map { (Self.fold($0), $0) }) { first, _ in first }
        for name in others {
            guard let key = folded[Self.fold(name)] else { continue }
            throw failure(key, "differs only in case from a known key, which is ambiguous")
        }
    }

    /// Folds the case of a name as Go's decoder does, which treats the long s (U+017F)
    /// as `s` and the Kelvin sign (U+212A) as `k`.
    ///
    /// Source: Go's encoding/json (`foldName`).
    private static func fold(_ name: String) -> String {
        var folded = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "A"..."Z", "\u{17F}", "\u{212A}":
                folded += scalar.properties.uppercaseMapping.lowercased()
            default: folded.unicodeScalars.append(scalar)
            }
        }
        return folded
    }

    /// Returns the path of a member, for error messages.
    public func location(of key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }

    /// Returns an error about a member.
    public func failure(_ key: String, _ reason: String) -> JSONError {
        JSONError(location: location(of: key), reason: reason)
    }

    /// Returns the value of a member, or `nil` if it is absent or null.
    public subscript(key: String) -> JSONValue? {
        guard let value = values[key], value != .null else { return nil }
        return value
    }

    /// Returns a Boolean value that indicates whether the document has the member, even if it is
    /// null.
    public func contains(_ key: String) -> Bool {
        values[key] != nil
    }

    /// Returns a string member, or `nil` if it is absent or null.
    public func string(_ key: String) throws(JSONError) -> String? {
        switch self[key] {
        case nil: return nil
        case .string(let text): return text
        case let other?: throw failure(key, "is \(other.kind), not a string")
        }
    }

    /// Returns an integer member, or `nil` if it is absent or null.
    public func integer(_ key: String) throws(JSONError) -> Int? {
        switch self[key] {
        case nil: return nil
        case .integer(let number): return number
        case let other?: throw failure(key, "is \(other.kind), not an integer")
        }
    }

    /// Returns an array member with the path of each element, or `nil` if it is absent or null.
    public func array(_ key: String) throws(JSONError) -> [(path: String, value: JSONValue)]? {
        switch self[key] {
        case nil: return nil
        case .array(let elements):
            return elements.enumerated().map { ("\(location(of: key))[\($0.offset)]", $0.element) }
        case let other?: throw failure(key, "is \(other.kind), not an array")
        }
    }

    /// Returns an array of strings, or `nil` if it is absent or null.
    public func strings(_ key: String) throws(JSONError) -> [String]? {
        guard let elements = try array(key) else { return nil }
        var strings: [String] = []
        for (path, element) in elements {
            guard case .string(let text) = element else {
                throw JSONError(location: path, reason: "is \(element.kind), not a string")
            }
            strings.append(text)
        }
        return strings
    }

    /// Returns an object of strings, such as annotations; empty if it is absent or null.
    public func stringMap(_ key: String) throws(JSONError) -> [String: String] {
        guard let value = self[key] else { return [:] }
        guard case .object(let members) = value else {
            throw failure(key, "is \(value.kind), not an object")
        }
        var map: [String: String] = [:]
        for member in members {
            guard case .string(let text) = member.value else {
                throw failure(key, "holds \(member.value.kind) where a string belongs")
            }
            map[member.name] = text
        }
        return map
    }

    /// Returns the names of the members of an object; empty if it is absent or null.
    public func names(_ key: String) throws(JSONError) -> [String] {
        guard let value = self[key] else { return [] }
        guard case .object(let members) = value else {
            throw failure(key, "is \(value.kind), not an object")
        }
        return members.map(\.name)
    }
}
