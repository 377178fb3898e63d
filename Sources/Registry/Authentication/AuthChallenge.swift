// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// A challenge in a 401 response: a scheme and its parameters.
///
/// Source: RFC 9110 §11.6.1; RFC 6750 §3; distribution-spec § token authentication.
struct AuthChallenge: Hashable, Sendable {
    /// The scheme in lowercase, such as `bearer`.
    let scheme: String
    /// The parameters, by name in lowercase.
    let parameters: [String: String]

    /// The maximum length of a `WWW-Authenticate` value, in bytes.
    static let maximumLength = 8192

    /// Returns every valid challenge of a response.
    ///
    /// A malformed challenge is skipped; a field that is too long has none.
    static func all(in fields: HTTPFields) -> [AuthChallenge] {
        fields.values("www-authenticate").flatMap { value -> [AuthChallenge] in
            guard value.utf8.count <= maximumLength else { return [] }
            var parser = ChallengeParser(bytes: Array(value.utf8))
            return parser.challenges()
        }
    }
}

/// Parses `scheme [token68 | name=value, …]`, with several challenges in one field.
///
/// A comma separates parameters as well as challenges: a word is a parameter if `=` and a value
/// follow it, and a scheme otherwise. Values without quotes extend to the next comma or
/// space, because registries write URLs so.
private struct ChallengeParser {
    private struct Malformed: Error {}

    let bytes: [UInt8]
    var offset = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func challenges() -> [AuthChallenge] {
        var found: [AuthChallenge] = []
        skip(" \t,")
        while offset < bytes.count {
            do throws(Malformed) {
                found.append(try challenge())
            } catch {
                skipToNextChallenge()
            }
            skip(" \t,")
        }
        return found
    }

    private mutating func challenge() throws(Malformed) -> AuthChallenge {
        guard let scheme = word() else { throw Malformed() }
        let hadSpace = skip(" \t") > 0
        guard hadSpace || isAtEnd || next == UInt8(ascii: ",") else { throw Malformed() }
        var parameters: [String: String] = [:]
        if hadSpace, !skipToken68() {
            while let (name, value) = try parameter() {
                guard parameters.updateValue(value, forKey: name) == nil else { throw Malformed() }
                skip(" \t")
                guard isAtEnd || next == UInt8(ascii: ",") else { throw Malformed() }
                skip(" \t,")
            }
        }
        return AuthChallenge(scheme: scheme, parameters: parameters)
    }

    /// Consumes `name=value`, or returns `nil` if another challenge begins here.
    private mutating func parameter() throws(Malformed) -> (name: String, value: String)? {
        let start = offset
        guard let name = word() else {
            guard isAtEnd || next == UInt8(ascii: ",") else { throw Malformed() }
            return nil
        }
        skip(" \t")
        guard next == UInt8(ascii: "=") else {
            offset = start
            return nil
        }
        offset += 1
        skip(" \t")
        return (name, try value())
    }

    private mutating func value() throws(Malformed) -> String {
        guard next == UInt8(ascii: "\"") else {
            let start = offset
            while let byte = next, !" \t,\"".utf8.contains(byte) { offset += 1 }
            guard let text = String(validating: bytes[start..<offset], as: UTF8.self) else {
                throw Malformed()
            }
            return text
        }
        guard let quoted = quotedBytes(), let text = String(validating: quoted, as: UTF8.self)
        else { throw Malformed() }
        return text
    }

    /// Consumes a quoted string, or everything if it does not end.
    private mutating func quotedBytes() -> [UInt8]? {
        var text: [UInt8] = []
        offset += 1
        while let byte = next {
            offset += 1
            if byte == UInt8(ascii: "\"") { return text }
            if byte == UInt8(ascii: "\\") {
                guard let escaped = next else { return nil }
                text.append(escaped)
                offset += 1
            } else {
                text.append(byte)
            }
        }
        return nil
    }

    /// Skips a malformed challenge up to the next word after a comma that is not a parameter's
    /// name.
    private mutating func skipToNextChallenge() {
        while let byte = next {
            if byte == UInt8(ascii: "\"") {
                _ = quotedBytes()
                continue
            }
            offset += 1
            guard byte == UInt8(ascii: ",") else { continue }
            skip(" \t,")
            let start = offset
            let isScheme = word() != nil && skip(" \t") >= 0 && next != UInt8(ascii: "=")
            offset = start
            if isScheme { return }
        }
    }

    /// Skips the opaque value that schemes such as Negotiate have instead of parameters.
    private mutating func skipToken68() -> Bool {
        let start = offset
        while let byte = next, Self.isWord(byte) || byte == UInt8(ascii: "/") { offset += 1 }
        let length = offset - start
        skip("=")
        skip(" \t")
        if length > 0, isAtEnd || next == UInt8(ascii: ",") { return true }
        offset = start
        return false
    }

    private mutating func word() -> String? {
        let start = offset
        while let byte = next, Self.isWord(byte) { offset += 1 }
        guard offset > start else { return nil }
        return String(decoding: bytes[start..<offset], as: UTF8.self).lowercased()
    }

    @discardableResult
    private mutating func skip(_ set: String) -> Int {
        let start = offset
        while let byte = next, set.utf8.contains(byte) { offset += 1 }
        return offset - start
    }

    private var isAtEnd: Bool { offset >= bytes.count }
    private var next: UInt8? { isAtEnd ? nil : bytes[offset] }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
