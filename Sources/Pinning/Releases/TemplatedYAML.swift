// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// Reads YAML with expressions of templates, such as `helmfile.yaml.gotmpl`.
///
/// Only the structure and the texts around the expressions count: all branches of conditions are read.
enum TemplatedYAML {
    /// The characters around an expression in a text, which YAML permits in plain scalars.
    static let begin: Character = "\u{E000}"
    static let end: Character = "\u{E001}"

    /// Parses a file, with its expressions replaced by text if it is not YAML without that.
    static func stream(parsing bytes: [UInt8]) -> YAMLDocumentStream? {
        if let stream = try? YAMLDocumentStream(parsing: bytes, limits: FileText.limits),
            FileText.template(in: stream) == nil
        {
            return stream
        }
        guard FileText.template(in: bytes) != nil else { return nil }
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .map { isOnlyExpressions($0) ? [] : replaced($0) }
        return try? YAMLDocumentStream(
            parsing: Array(lines.joined(separator: [0x0A])), limits: FileText.limits)
    }

    /// Returns a Boolean value that indicates whether a text has expressions, in either form.
    static func hasExpressions(_ text: String) -> Bool {
        text.contains("{{") || text.contains(begin)
    }

    /// Returns a text with its expressions between ``begin`` and ``end``.
    static func replacingExpressions(in text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "{")) else { return text }
        return String(decoding: replaced(Array(text.utf8)[...]), as: UTF8.self)
    }

    /// Returns a text with expressions in place of ``begin`` and ``end``.
    static func restoringExpressions(in text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value == 0xE000 }) else { return text }
        return text.replacing(String(begin), with: "{{ ").replacing(String(end), with: " }}")
    }

    private static func replaced(_ line: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var rest = line
        while let start = index(of: UInt8(ascii: "{"), in: rest) {
            let stop = index(of: UInt8(ascii: "}"), in: rest[start...]) ?? rest.endIndex
            result += rest[..<start]
            result += String(begin).utf8
            result += rest[start..<stop].filter(isPartOfName)
            result += String(end).utf8
            rest = rest[min(stop + 2, rest.endIndex)...]
            rest = withoutOuterEnd(rest)
        }
        return result + rest
    }

    /// Returns the bytes after the end of an expression that is the text of another one.
    ///
    /// Source: Helmfile, § Release Template: ``{{`{{ .Release.Name }}`}}``.
    private static func withoutOuterEnd(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let rest = bytes.drop { $0 == 0x20 }
        guard let quote = rest.first, [UInt8(ascii: "`"), UInt8(ascii: "\"")].contains(quote) else {
            return bytes
        }
        let end = rest.dropFirst().drop { $0 == 0x20 }
        return end.starts(with: "}}".utf8) ? end.dropFirst(2) : bytes
    }

    /// Returns a Boolean value that indicates whether a line has nothing but expressions, such as that of a
    /// condition.
    private static func isOnlyExpressions(_ line: ArraySlice<UInt8>) -> Bool {
        var rest = line.drop { $0 == 0x20 }
        guard rest.starts(with: "{{".utf8) else { return false }
        while rest.starts(with: "{{".utf8) {
            let stop = index(of: UInt8(ascii: "}"), in: rest) ?? rest.endIndex
            rest = rest[min(stop + 2, rest.endIndex)...].drop { $0 == 0x20 || $0 == 0x0D }
        }
        return rest.isEmpty
    }

    /// Returns the index of the first byte that is repeated.
    private static func index(of byte: UInt8, in bytes: ArraySlice<UInt8>) -> Int? {
        var rest = bytes
        while let index = rest.firstIndex(of: byte) {
            rest = rest[(index + 1)...]
            if rest.first == byte { return index }
        }
        return nil
    }

    /// Returns a Boolean value that indicates whether a byte of an expression can be a part of a path and a
    /// name of a value.
    private static func isPartOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
