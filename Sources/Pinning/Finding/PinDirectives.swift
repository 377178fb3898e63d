// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The directives `# ocimirror: ID` of a text, on the line of a value or alone on the line above.
///
/// They are collected once, because a line can have thousands of images.
struct PinDirectives: Sendable {
    private static let word = Array("# ocimirror:".utf8)

    /// The id in the directive of a line.
    private var ids: [Int: String] = [:]
    /// The lines that have only a directive.
    private var comments: Set<Int> = []

    /// A Boolean value that indicates whether there are no directives.
    var isEmpty: Bool { ids.isEmpty }

    init(_ text: YAMLText) {
        var end = 0
        while let start = Self.find(in: text.bytes[end...]) {
            let line = text.mark(at: start).line
            let range = text.range(ofLine: line)
            end = max(range.upperBound, start + Self.word.count)
            let rest = text.bytes[(start + Self.word.count)..<end]
                .drop { $0 == 0x20 || $0 == 0x09 }
            let id = rest.prefix { $0 > 0x20 && $0 < 0x7F }
            guard !id.isEmpty else { continue }
            ids[line] = String(decoding: id, as: UTF8.self)
            let first = text.bytes[range].first { $0 != 0x20 && $0 != 0x09 }
            if first == UInt8(ascii: "#") { comments.insert(line) }
        }
    }

    /// Returns the id in the directive for a line, or `nil` if there is none.
    func id(forLine line: Int) -> String? {
        ids[line] ?? (comments.contains(line - 1) ? ids[line - 1] : nil)
    }

    private static func find(in bytes: ArraySlice<UInt8>) -> Int? {
        var start = bytes.startIndex
        while let hash = bytes[start...].firstIndex(of: UInt8(ascii: "#")) {
            if bytes[hash...].starts(with: word) { return hash }
            start = hash + 1
        }
        return nil
    }
}
