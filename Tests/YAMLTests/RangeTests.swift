// SPDX-License-Identifier: Apache-2.0

import Testing
import YAML

/// A file, the path of a value in it, and the text that the value's range must cover.
struct RangeCase: CustomTestStringConvertible, Sendable {
    let yaml: String
    let path: [String]
    let covers: String

    init(_ yaml: String, _ path: [String], _ covers: String) {
        self.yaml = yaml
        self.path = path
        self.covers = covers
    }

    var testDescription: String { "\(yaml.debugDescription) at \(path)" }
}

@Suite struct RangeTests {
    static let plainAndQuoted = [
        RangeCase("a: b\n", ["a"], "b"),
        RangeCase("a: b", ["a"], "b"),
        RangeCase("a: b # comment\n", ["a"], "b"),
        RangeCase("a:   b   \nc: d\n", ["a"], "b"),
        RangeCase("a: \"b\"\n", ["a"], "\"b\""),
        RangeCase("a: 'it''s' # c\n", ["a"], "'it''s'"),
        RangeCase("a: \"\\u00e9\\\"\" \n", ["a"], "\"\\u00e9\\\"\""),
        RangeCase("a: \"one\n  two\"\nb: c\n", ["a"], "\"one\n  two\""),
        RangeCase("a: one\n  two\n\n  three   # c\nb: c\n", ["a"], "one\n  two\n\n  three"),
        RangeCase("- a\n-   b\n", ["1"], "b"),
        RangeCase("? a\n: b\n", ["a"], "b"),
        RangeCase("\"a\" : b\n", ["a"], "b"),
    ]

    static let encodings = [
        RangeCase("\u{FEFF}a: b\n", ["a"], "b"),
        RangeCase("\u{FEFF}# é\na: b\n", ["a"], "b"),
        RangeCase("a: b\r\nc: d\r\n", ["c"], "d"),
        RangeCase("a: b\rc: d\r", ["c"], "d"),
        RangeCase("a: b\u{85}c: d\u{85}", ["c"], "d"),
        RangeCase("a: b\u{2028}c: d\u{2029}e: f", ["e"], "f"),
        RangeCase("é: ü\n漢: 字\n", ["漢"], "字"),
        RangeCase("😀: 😁 # 😂\nz: \"😃\"\n", ["z"], "\"😃\""),
        RangeCase("a: 😀 b\r\n\u{2028}c: 'ü'", ["c"], "'ü'"),
        RangeCase("\u{FEFF}x: é\r\ny: {k: \"😀\", l: m}\r\n", ["y", "l"], "m"),
    ]

    static let properties = [
        RangeCase("a: &x b\n", ["a"], "b"),
        RangeCase("a: !!str b\n", ["a"], "b"),
        RangeCase("a: !!str &x 'b'\n", ["a"], "'b'"),
        RangeCase("a: &x !!str\n  b\n", ["a"], "b"),
        RangeCase("a: !<tag:é.example,2000:x> b\n".replacing("é", with: "e"), ["a"], "b"),
        RangeCase("a: ! b\n", ["a"], "b"),
        RangeCase("a: &x # comment & more\n  - b\n", ["a"], "- b"),
        RangeCase("a: &x\n  b: c\n", ["a"], "b: c"),
        RangeCase("a: &x\n  &y b: c\nd: e\n", ["a"], "&y b: c"),
        RangeCase("a: !!map\n  &y b: c\n", ["a"], "&y b: c"),
        RangeCase("a: &x {b: c}\n", ["a"], "{b: c}"),
        RangeCase("{a: !t b, c: !u, d: &v}\n", ["a"], "b"),
        RangeCase("a: &x b\nc: *x # d\n", ["c"], "*x"),
        RangeCase("é: &x 😀\nb: *x\n", ["b"], "*x"),
        RangeCase("a: &x |\n  b\nc: d\n", ["a"], "|\n  b\n"),
    ]

    static let blocks = [
        RangeCase("a: |\n  b\n  c\nd: e\n", ["a"], "|\n  b\n  c\n"),
        RangeCase("a: |\n  b\n  c\nd: e\n", ["d"], "e"),
        RangeCase("a: >-\r\n  b\r\n\r\n  c\r\nd: e\r\n", ["a"], ">-\r\n  b\r\n\r\n  c\r\n"),
        RangeCase("a: |2-\n    b\n  c\nd: e\n", ["a"], "|2-\n    b\n  c\n"),
        RangeCase("a: |+ # why\n  b\n\nd: e\n", ["a"], "|+ # why\n  b\n\n"),
        RangeCase("a: |\n  é", ["a"], "|\n  é"),
        RangeCase("a: |", ["a"], "|"),
        RangeCase("- >\n é😀\n- b\n", ["1"], "b"),
    ]

    static let collections = [
        RangeCase("a: {b: c, d: [e, f]} # g\n", ["a"], "{b: c, d: [e, f]}"),
        RangeCase("a: {b: c, d: [e, f]}\n", ["a", "d"], "[e, f]"),
        RangeCase("a: {b: c, d: [e, f]}\n", ["a", "d", "1"], "f"),
        RangeCase("a: [\n  b, # é\n  c,\n]\n", ["a"], "[\n  b, # é\n  c,\n]"),
        RangeCase("a:\n  b: c\n\n# note\nd: e\n", ["a"], "b: c"),
        RangeCase("a:\n- b\n- c # x\n\nd: e\n", ["a"], "- b\n- c"),
        RangeCase("{\"a\":b}", ["a"], "b"),
        RangeCase("[a: b]", ["0"], "a: b"),
        RangeCase("a: {}\n", ["a"], "{}"),
    ]

    @Test(arguments: plainAndQuoted + encodings + properties + blocks + collections)
    func `a range covers the value and nothing else`(_ example: RangeCase) throws {
        let stream = try YAMLDocumentStream(parsing: Array(example.yaml.utf8))
        let node = try #require(stream.documents.first?.root.value(at: example.path))
        #expect(stream.string(in: node.range) == example.covers)
    }

    @Test(arguments: [
        ("a:\n", ["a"], 2), ("a:   # c\nb: c\n", ["a"], 2), ("{a: , b: c}", ["a"], 3),
        ("{a:  }", ["a"], 3), ("{a, b: c}", ["a"], 2), ("a: !!str\nb: c\n", ["a"], 8),
        ("- # c\n- b\n", ["0"], 1), ("é:\n😀:\n", ["😀"], 9), ("? a\n? b\n", ["a"], 3),
        ("\"a\"  :\n", ["a"], 6),
    ])
    func `a missing value has an empty range after its colon, dash or tag`(
        _ yaml: String, _ path: [String], _ offset: Int
    ) throws {
        let stream = try YAMLDocumentStream(parsing: Array(yaml.utf8))
        let node = try #require(stream.documents.first?.root.value(at: path))
        #expect(node.range == offset..<offset)
        #expect(node.text == "")
    }

    @Test(arguments: [
        ("a: b\nc: &x d\n", ["c"], 2, 7), ("\u{FEFF}a: b\n", ["a"], 1, 4),
        ("é: 😀\r\n😀: x\r\n", ["😀"], 2, 4), ("a: b\rc: d", ["c"], 2, 4),
        ("a: b\u{85}\u{2028}c: d", ["c"], 3, 4), ("a: !!str\n   b\n", ["a"], 2, 4),
    ])
    func `a mark counts characters of the value's own line`(
        _ yaml: String, _ path: [String], _ line: Int, _ column: Int
    ) throws {
        let stream = try YAMLDocumentStream(parsing: Array(yaml.utf8))
        let node = try #require(stream.documents.first?.root.value(at: path))
        #expect(node.mark == YAMLMark(line: line, column: column))
    }

    @Test func `ranges of later documents count from the beginning of the file`() throws {
        let yaml = "# é\n--- # first\na: 😀\n...\n%YAML 1.1\n---\nb: 'ü'\n---\n"
        let stream = try YAMLDocumentStream(parsing: Array(yaml.utf8))
        #expect(stream.documents.count == 3)
        #expect(stream.documents.map(\.hasDirectives) == [false, true, false])
        let node = try #require(stream.documents[1].root["b"])
        #expect(stream.string(in: node.range) == "'ü'")
        #expect(stream.documents[2].root.text == "")
    }

    @Test(arguments: plainAndQuoted + encodings + properties + blocks + collections)
    func `values are inside their collection, in order and marked, wherever a file is truncated`(
        _ example: RangeCase
    ) throws {
        let bytes = Array(example.yaml.utf8)
        #expect(throws: Never.self) { try YAMLDocumentStream(parsing: bytes) }
        for end in 0...bytes.count {
            guard let stream = try? YAMLDocumentStream(parsing: Array(bytes[..<end])) else {
                continue
            }
            for document in stream.documents {
                expectOrder(in: document.root, within: 0..<end, of: stream.text)
            }
        }
    }

    private func expectOrder(in node: YAMLNode, within outer: Range<Int>, of text: YAMLText) {
        #expect(node.mark == text.mark(at: node.range.lowerBound))
        #expect(outer.lowerBound <= node.range.lowerBound)
        #expect(node.range.upperBound <= outer.upperBound)
        let children =
            node.items ?? node.entries?.flatMap { [$0.key, $0.value] } ?? []
        var offset = node.range.lowerBound
        for child in children {
            expectOrder(
                in: child, within: offset..<max(offset, node.range.upperBound), of: text)
            offset = child.range.upperBound
        }
    }

    @Test func `a mark on a very long line is counted from the start of the line`() throws {
        let yaml = "[" + String(repeating: "é, ", count: 400) + "x]"
        let stream = try YAMLDocumentStream(parsing: Array(yaml.utf8))
        let last = try #require(stream.documents[0].root.items?.last)
        #expect(stream.string(in: last.range) == "x")
        #expect(last.mark == YAMLMark(line: 1, column: 1202))
    }
}

extension YAMLNode {
    /// Follows keys and positions down the tree.
    func value(at path: [String]) -> YAMLNode? {
        path.reduce(self as YAMLNode?) { node, step in
            if let items = node?.items { return Int(step).map { items[$0] } }
            return node?[step]
        }
    }
}

extension YAMLDocumentStream {
    /// Returns the text of a range.
    func string(in range: Range<Int>) -> String {
        String(decoding: text.bytes[range], as: UTF8.self)
    }
}
