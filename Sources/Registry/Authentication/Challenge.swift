// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// A challenge in a 401 response: a scheme and its parameters.
///
/// Source: RFC 9110 §11.6.1; RFC 6750 §3; distribution-spec § token authentication.
struct Challenge: Hashable, Sendable {
    /// The scheme in lowercase, such as `bearer`.
    let scheme: String
    /// The parameters, by name in lowercase.
    let parameters: [String: String]

    /// The maximum length of a `WWW-Authenticate` value, in bytes.
    static let maximumLength = 8192

    /// Returns every challenge of a response.
    ///
    /// A field that is malformed or too long has none.
    static func all(in fields: HTTPFields) -> [Challenge] {
        fields.values("www-authenticate").flatMap { value -> [Challenge] in
            guard value.utf8.count <= maximumLength else { return [] }
            var parser = ChallengeParser(bytes: Array(value.utf8))
            return parser.challenges() ?? []
        }
    }
}

/// Parses `scheme [token68 | name=value, …]`, with several challenges in one field.
///
/// A comma separates parameters as well as challenges: a word is a parameter if `=` and a value
/// follow it, and a scheme otherwise. Values without quotes extend to the next comma or
/// space, because registries write URLs so.
private struct ChallengeParser {
    let bytes: [UInt8]
    var offset = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func challenges() -> [Challenge]? {
        var found: [Challenge] = []
        skip(" \t,")
        while offset < bytes.count {
            guard let scheme = word() else { return nil }
            let hadSpace = skip(" \t") > 0
            var parameters: [String: String] = [:]
            if hadSpace, !skipToken68() {
                while let (name, value) = parameter() {
                    guard parameters.updateValue(value, forKey: name) == nil else { return nil }
                    skip(" \t")
                    guard offset < bytes.count else { break }
                    guard bytes[offset] == UInt8(ascii: ",") else { return nil }
                    skip(" \t,")
                }
            }
            found.append(Challenge(scheme: scheme, parameters: parameters))
            skip(" \t,")
        }
        return found
    }

    /// Consumes `name=value`, or returns `nil` if another challenge begins here.
    private mutating func parameter() -> (name: String, value: String)? {
        let start = offset
        guard let name = word() else { return nil }
        skip(" \t")
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: "=") else {
            offset = start
            return nil
        }
        offset += 1
        skip(" \t")
        guard let value = value() else {
            offset = start
            return nil
        }
        return (name, value)
    }

    private mutating func value() -> String? {
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else {
            let start = offset
            while offset < bytes.count, !" \t,\"".utf8.contains(bytes[offset]) { offset += 1 }
            return String(validating: bytes[start..<offset], as: UTF8.self)
        }
        offset += 1
        var text: [UInt8] = []
        while offset < bytes.count {
            defer { offset += 1 }
            switch bytes[offset] {
            case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                offset += 1
                guard offset < bytes.count else { return nil }
                text.append(bytes[offset])
            case let byte: text.append(byte)
            }
        }
        return nil
    }

    /// Skips the opaque value that schemes such as Negotiate have instead of parameters.
    private mutating func skipToken68() -> Bool {
        let start = offset
        while offset < bytes.count, Self.isWord(bytes[offset]) || bytes[offset] == 0x2F {
            offset += 1
        }
        let length = offset - start
        skip("=")
        skip(" \t")
        if length > 0, offset == bytes.count || bytes[offset] == UInt8(ascii: ",") { return true }
        offset = start
        return false
    }

    private mutating func word() -> String? {
        let start = offset
        while offset < bytes.count, Self.isWord(bytes[offset]) { offset += 1 }
        guard offset > start else { return nil }
        return String(decoding: bytes[start..<offset], as: UTF8.self).lowercased()
    }

    @discardableResult
    private mutating func skip(_ set: String) -> Int {
        let start = offset
        while offset < bytes.count, set.utf8.contains(bytes[offset]) { offset += 1 }
        return offset - start
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
