// SPDX-License-Identifier: Apache-2.0

import Files

/// A file of `Inputs`: the words and inputs of one target.
///
/// A line is a comment (`#`), the maximum length of an input (`length …`), a word of the dictionary
/// (`word …`), or an input (`input …`). Printable ASCII characters are written as they are, other
/// bytes as `\n`, `\\` or `\xNN`, and a run of zero bytes as `\0{N}`.
struct InputFile {
    /// The maximum length of an input, in bytes.
    private(set) var maximumLength = 0
    private(set) var words: [[UInt8]] = []
    private(set) var inputs: [[UInt8]] = []

    struct Malformed: Error {
        let line: String
    }

    /// Reads the file of a target.
    init(of target: FuzzTarget) throws {
        let path = "\(Self.directory)/\(target.name).txt"
        try self.init(text: String(decoding: BoundedFile.read(path, limit: 1 << 20), as: UTF8.self))
    }

    init(text: String) throws {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            if line.hasPrefix("length "), let length = Int(line.dropFirst(7)) {
                maximumLength = length
            } else if line.hasPrefix("word "), let word = Self.decoded(line.dropFirst(5)) {
                words.append(word)
            } else if line.hasPrefix("input "), let input = Self.decoded(line.dropFirst(6)) {
                inputs.append(input)
            } else {
                throw Malformed(line: String(line))
            }
        }
    }

    /// The names of all files, without their extension.
    static var names: [String] {
        get throws { try Directory.list(directory).map { String($0.dropLast(4)) }.sorted() }
    }

    /// Returns the bytes as text of a line.
    static func encoded(_ bytes: [UInt8]) -> String {
        var text = ""
        var rest = bytes[...]
        while let byte = rest.first {
            let zeros = rest.prefix { $0 == 0 }.count
            switch byte {
            case 0 where zeros > 3:
                text += "\\0{\(zeros)}"
                rest = rest.dropFirst(zeros)
                continue
            case UInt8(ascii: "\\"): text += "\\\\"
            case 0x0A: text += "\\n"
            case 0x20...0x7E: text.unicodeScalars.append(UnicodeScalar(byte))
            default: text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
            rest = rest.dropFirst()
        }
        return text
    }

    private static func decoded(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "\\"): bytes.append(byte)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "x"):
                guard let value = UInt8(Substring(rest.prefix(2)), radix: 16) else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            case UInt8(ascii: "0"):
                let digits = rest.dropFirst().prefix { $0 != UInt8(ascii: "}") }
                guard let count = UInt16(Substring(digits)) else { return nil }
                bytes += repeatElement(0, count: Int(count))
                rest = rest.dropFirst(digits.count + 2)
            default: return nil
            }
        }
        return bytes
    }

    private static let directory: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(2).joined(separator: "/") + "/Inputs"
    }()
}
