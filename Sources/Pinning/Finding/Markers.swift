// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The comment `# ocimirror: ID`, on the line of a value or alone on the line above.
enum PinDirective {
    private static let word = Array("# ocimirror:".utf8)

    /// Whether the file has such a comment at all.
    static func mayStand(in text: YAMLText) -> Bool {
        find(word, in: text.bytes[...]) != nil
    }

    /// The id of the comment for a line.
    static func id(in text: YAMLText, line: Int) -> String? {
        if let id = id(in: text.bytes[text.range(ofLine: line)]) { return id }
        guard line > 1 else { return nil }
        let above = text.bytes[text.range(ofLine: line - 1)].drop { $0 == 0x20 || $0 == 0x09 }
        return above.first == UInt8(ascii: "#") ? id(in: above) : nil
    }

    private static func id(in line: ArraySlice<UInt8>) -> String? {
        guard let start = find(word, in: line) else { return nil }
        let rest = line[(start + word.count)...].drop { $0 == 0x20 || $0 == 0x09 }
        let id = rest.prefix { $0 > 0x20 && $0 < 0x7F }
        return id.isEmpty ? nil : String(decoding: id, as: UTF8.self)
    }

    private static func find(_ word: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        var start = bytes.startIndex
        while let hash = bytes[start...].firstIndex(of: UInt8(ascii: "#")) {
            if bytes[hash...].starts(with: word) { return hash }
            start = hash + 1
        }
        return nil
    }
}
