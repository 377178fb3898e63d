// SPDX-License-Identifier: Apache-2.0

/// An object seen through the keys that its reader knows, with the path for error messages.
///
/// Reading is by name and by type; whatever the reader does not ask for is ignored, except a key
/// that equals a known one but for its case. Go's decoder would take `Layers` for `layers`, so such
/// a document means different things to different readers and is refused.
public struct JSONObject: Sendable {
    /// Where the object stands in the document, such as `manifests[1]`; empty for the document.
    public let path: String
    private let values: [String: JSONValue]

    /// Views a value as an object.
    ///
    /// - Parameters:
    ///   - value: what should be an object.
    ///   - path: where it stands.
    ///   - known: every key that the format defines here.
    /// - Throws: ``JSONError`` where it is no object, or a key differs from a known one in case only.
    public init(_ value: JSONValue, path: String = "", known: Set<String>) throws(JSONError) {
        guard case .object(let members) = value else {
            throw JSONError(place: path, reason: "is \(value.kind), not an object")
        }
        self.path = path
        self.values = Dictionary(members.map { ($0.name, $0.value) }) { first, _ in first }
        let others = members.lazy.map(\.name).filter { !known.contains($0) }
        guard !others.isEmpty else { return }
        let folded = Dictionary(known.map { (Self.fold($0), $0) }) { first, _ in first }
        for name in others {
            guard let key = folded[Self.fold(name)] else { continue }
            throw failure(key, "is spelled in another case, which readers differ on")
        }
    }

    /// Makes names equal that differ in case only, as Go's decoder sees it: to it the long s (U+017F)
    /// is an `s`, and the Kelvin sign (U+212A) a `k`.
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
    public func place(of key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }

    /// Returns an error about a member.
    public func failure(_ key: String, _ reason: String) -> JSONError {
        JSONError(place: place(of: key), reason: reason)
    }

    /// Returns a member's value; nil where it is absent or null.
    public subscript(key: String) -> JSONValue? {
        guard let value = values[key], value != .null else { return nil }
        return value
    }

    /// Whether the member stands in the document, even as null.
    public func contains(_ key: String) -> Bool {
        values[key] != nil
    }

    /// Returns a string member; nil where it is absent or null.
    public func string(_ key: String) throws(JSONError) -> String? {
        switch self[key] {
        case nil: return nil
        case .string(let text): return text
        case let other?: throw failure(key, "is \(other.kind), not a string")
        }
    }

    /// Returns an integer member; nil where it is absent or null.
    public func integer(_ key: String) throws(JSONError) -> Int? {
        switch self[key] {
        case nil: return nil
        case .integer(let number): return number
        case let other?: throw failure(key, "is \(other.kind), not an integer")
        }
    }

    /// Returns an array member with the path of each element; nil where it is absent or null.
    public func array(_ key: String) throws(JSONError) -> [(path: String, value: JSONValue)]? {
        switch self[key] {
        case nil: return nil
        case .array(let elements):
            return elements.enumerated().map { ("\(place(of: key))[\($0.offset)]", $0.element) }
        case let other?: throw failure(key, "is \(other.kind), not an array")
        }
    }

    /// Returns an array of strings; nil where it is absent or null.
    public func strings(_ key: String) throws(JSONError) -> [String]? {
        guard let elements = try array(key) else { return nil }
        var strings: [String] = []
        for (path, element) in elements {
            guard case .string(let text) = element else {
                throw JSONError(place: path, reason: "is \(element.kind), not a string")
            }
            strings.append(text)
        }
        return strings
    }

    /// Returns an object of strings, such as annotations; empty where it is absent or null.
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
}
