// SPDX-License-Identifier: Apache-2.0

internal import TextSafety
internal import YAML

/// The directives `# ocimirror: ID` of a text, on the line of a value or alone on the line above.
///
/// They are collected once, because a line can have thousands of images. A text in quotes has none,
/// and those in a block scalar are for its own lines.
struct PinDirectives: Sendable {
    /// A directive, and its line.
    struct Directive: Hashable, Sendable {
        /// The id of a lock entry, or `skip`.
        let word: String
        let line: Int

        var isSkip: Bool { word == "skip" }
    }

    private static let word = Array("ocimirror:".utf8)

    /// Returns the statement that a directive is not beside an image.
    static func unusedReason(_ word: String) -> String {
        "the directive '\(UntrustedText(word).display(limit: 100))' is not beside an image: write it on the "
            + "line of the tag, the digest or the reference"
    }

    private var byLine: [Int: Directive] = [:]
    /// The lines that have only a directive.
    private var comments: Set<Int> = []

    /// A Boolean value that indicates whether there are no directives.
    var isEmpty: Bool { byLine.isEmpty }

    /// All directives, in the order of the text.
    var all: [Directive] { byLine.values.sorted { $0.line < $1.line } }

    init(_ stream: YAMLDocumentStream) {
        let text = stream.text
        var offsets: [Int] = []
        var end = 0
        while let word = Self.find(in: text.bytes[end...]) {
            let line = text.mark(at: word).line
            let range = text.range(ofLine: line)
            end = max(range.upperBound, word + Self.word.count)
            let rest = text.bytes[(word + Self.word.count)..<end]
                .drop { $0 == 0x20 || $0 == 0x09 }
            let id = rest.prefix { $0 > 0x20 && $0 < 0x7F }
            guard !id.isEmpty else { continue }
            byLine[line] = Directive(word: String(decoding: id, as: UTF8.self), line: line)
            offsets.append(word)
            let first = text.bytes[range].first { $0 != 0x20 && $0 != 0x09 }
            if first == UInt8(ascii: "#") { comments.insert(line) }
        }
        guard !offsets.isEmpty else { return }
        for document in stream.documents {
            removeTexts(in: document.root, offsets[...], of: text)
        }
    }

    /// Removes the directives that are parts of values.
    private mutating func removeTexts(
        in node: YAMLNode, _ all: ArraySlice<Int>, of text: YAMLText
    ) {
        let offsets = all[Self.position(of: node.range.lowerBound, in: all)...]
            .prefix { $0 < node.range.upperBound }
        guard !offsets.isEmpty else { return }
        switch node.kind {
        case .mapping(let entries, _):
            for entry in entries {
                removeTexts(in: entry.key, offsets, of: text)
                removeTexts(in: entry.value, offsets, of: text)
            }
        case .sequence(let items, _):
            for item in items { removeTexts(in: item, offsets, of: text) }
        case .scalar(_, .literal), .scalar(_, .folded):
            // The last line of the text is not above a line of it.
            let end = max(node.range.lowerBound, node.range.upperBound - 1)
            comments.remove(text.mark(at: end).line)
        case .scalar:
            for offset in offsets {
                let line = text.mark(at: offset).line
                byLine[line] = nil
                comments.remove(line)
            }
        case .alias: break
        }
    }

    /// Returns the position of the first of ascending offsets that is not less than a bound.
    private static func position(of bound: Int, in offsets: ArraySlice<Int>) -> Int {
        var range = offsets.startIndex..<offsets.endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range =
                offsets[middle] < bound
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound
    }

    /// Returns the directive for a line, or `nil` if there is none.
    func directive(forLine line: Int) -> Directive? {
        byLine[line] ?? directive(above: line)
    }

    /// Returns the directive alone on the line above a line, or `nil` if there is none.
    func directive(above line: Int) -> Directive? {
        comments.contains(line - 1) ? byLine[line - 1] : nil
    }

    /// Returns the offset of the word after a `#` that begins a comment, and spaces.
    private static func find(in bytes: ArraySlice<UInt8>) -> Int? {
        var start = bytes.startIndex
        while let hash = bytes[start...].firstIndex(of: UInt8(ascii: "#")) {
            let text = bytes[(hash + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            // Names have no such characters, but a comment can follow a byte order mark.
            let before = hash > bytes.startIndex ? bytes[hash - 1] : 0x0A
            if before <= 0x20 || before >= 0x80, text.starts(with: word) { return text.startIndex }
            start = hash + 1
        }
        return nil
    }
}
