// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// The subset of JSON Schema (draft 7) that the project's schemas use; any other keyword is an
/// error.
struct JSONSchema {
    let root: JSONValue

    struct UnknownKeyword: Error {
        let name: String
    }

    init(_ text: String) throws {
        root = try JSONValue(parsing: Array(text.utf8))
    }

    /// Returns the violations with their paths and keywords; empty if the value is valid.
    func problems(of value: JSONValue) throws -> [String] {
        try problems(of: value, root, at: "")
    }

    /// Returns the schema that a reference such as `#/definitions/image` points to.
    func definition(_ reference: String) -> JSONValue {
        reference.split(separator: "/").dropFirst().reduce(root) { $0[String($1)] ?? .null }
    }

    private func problems(
        of value: JSONValue, _ schema: JSONValue, at place: String
    ) throws -> [String] {
        guard case .object(let keywords) = schema else {
            return schema == .bool(false) ? ["\(place): false"] : []
        }
        if case .string(let reference)? = schema["$ref"] {
            return try problems(of: value, definition(reference), at: place)
        }
        return try keywords.flatMap { keyword in
            try problems(of: value, keyword.name, keyword.value, beside: schema, at: place)
        }
    }

    private func problems(
        of value: JSONValue, _ keyword: String, _ word: JSONValue, beside schema: JSONValue,
        at place: String
    ) throws -> [String] {
        let wrong = ["\(place): \(keyword)"]
        switch keyword {
        case "$schema", "$id", "title", "description", "definitions", "then", "else":
            return []
        case "if":
            let isMatch = try problems(of: value, word, at: place).isEmpty
            return try schema[isMatch ? "then" : "else"].map {
                try problems(of: value, $0, at: place)
            } ?? []
        case "allOf":
            return try word.elements(or: []).flatMap { try problems(of: value, $0, at: place) }
        case "not":
            return try problems(of: value, word, at: place).isEmpty ? wrong : []
        case "properties":
            return try word.members.flatMap { member in
                try value[member.name].map {
                    try problems(of: $0, member.value, at: "\(place)/\(member.name)")
                } ?? []
            }
        case "type":
            return word.elements(or: [word]).contains { $0.name(of: value) } ? [] : wrong
        case "const":
            return value == word ? [] : wrong
        case "enum":
            return word.elements(or: []).contains(value) ? [] : wrong
        case "required":
            guard case .object = value else { return [] }
            return word.elements(or: []).contains { value[$0.text] == nil } ? wrong : []
        case "dependencies":
            return word.members.contains { member in
                value[member.name] != nil
                    && member.value.elements(or: []).contains { value[$0.text] == nil }
            } ? wrong : []
        case "additionalProperties":
            let known = Set((schema["properties"] ?? .null).members.map(\.name))
            return try value.members.filter { !known.contains($0.name) }.flatMap { member in
                guard word != .bool(false) else { return ["\(place): \(member.name)"] }
                return try problems(of: member.value, word, at: "\(place)/\(member.name)")
            }
        case "propertyNames":
            return try value.members.flatMap { try problems(of: .string($0.name), word, at: place) }
        case "items":
            return try value.elements(or: []).flatMap {
                try problems(of: $0, word, at: place + "/-")
            }
        case "anyOf", "oneOf":
            let matches = try word.elements(or: []).filter {
                try problems(of: value, $0, at: place).isEmpty
            }
            return matches.isEmpty || keyword == "oneOf" && matches.count > 1 ? wrong : []
        case "minItems":
            guard case .array(let items) = value, case .integer(let least) = word else { return [] }
            return items.count < least ? wrong : []
        case "uniqueItems":
            let items = value.elements(or: [])
            return Set(items).count < items.count ? wrong : []
        case "minimum", "maximum":
            guard case .integer(let number) = value, case .integer(let bound) = word else {
                return []
            }
            return (keyword == "minimum" ? number < bound : number > bound) ? wrong : []
        case "minLength":
            guard case .string(let text) = value, case .integer(let least) = word else { return [] }
            return text.count < least ? wrong : []
        case "pattern":
            guard case .string(let text) = value else { return [] }
            return try text.contains(Regex(word.text)) ? [] : wrong
        default:
            throw UnknownKeyword(name: keyword)
        }
    }
}

extension JSONValue {
    subscript(name: String) -> JSONValue? { members.first { $0.name == name }?.value }

    var members: [Member] { if case .object(let members) = self { members } else { [] } }

    /// The elements of an array.
    func elements(or others: [JSONValue]) -> [JSONValue] {
        if case .array(let items) = self { items } else { others }
    }

    /// The text of a string.
    var text: String { if case .string(let text) = self { text } else { "" } }

    /// Returns a Boolean value that indicates whether a value has the type.
    fileprivate func name(of value: JSONValue) -> Bool {
        switch (text, value) {
        case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool),
            ("null", .null), ("integer", .integer), ("number", .integer), ("number", .number):
            true
        default: false
        }
    }
}
