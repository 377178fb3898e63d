// SPDX-License-Identifier: Apache-2.0

import Testing
import YAML

@Suite struct ParsingTests {
    @Test func `a scalar keeps its style, its decoded text and its properties`() throws {
        let root = try parse("a: &x \"b\\n\"\nc: !!int '1'\nd: |\n  e\nf: >\n  g\n  h\ni: j\n")
        #expect(root["a"]?.kind == .scalar("b\n", style: .doubleQuoted))
        #expect(root["a"]?.anchor == "x")
        #expect(root["a"]?.tag == nil)
        #expect(root["c"]?.kind == .scalar("1", style: .singleQuoted))
        #expect(root["c"]?.tag == "tag:yaml.org,2002:int")
        #expect(root["d"]?.kind == .scalar("e\n", style: .literal))
        #expect(root["f"]?.kind == .scalar("g h\n", style: .folded))
        #expect(root["i"]?.kind == .scalar("j", style: .plain))
    }

    @Test func `mappings keep their order and duplicate keys`() throws {
        let root = try parse("b: 1\na: 2\nb: 3\n<<: {c: 4}\n")
        #expect(root.entries?.compactMap(\.key.text) == ["b", "a", "b", "<<"])
        #expect(root["b"]?.text == "1")
        guard case .mapping(_, style: .block)? = Optional(root.kind),
            case .mapping(_, style: .flow)? = root["<<"]?.kind
        else {
            Issue.record("the styles are lost")
            return
        }
    }

    @Test func `an alias is kept and never expanded, even in a value that contains itself`() throws
    {
        let root = try parse("a: &a [*a]\nb: *a\n")
        #expect(root["b"]?.kind == .alias("a"))
        #expect(root["a"]?.items?.map(\.kind) == [.alias("a")])
    }

    @Test(arguments: ["", "# only a comment\n", "\u{FEFF}", "\n\n"])
    func `a file without content has no documents`(_ yaml: String) throws {
        #expect(try YAMLDocumentStream(parsing: Array(yaml.utf8)).documents.isEmpty)
    }

    @Test(
        arguments: [
            ([0xFE, 0xFF, 0x00, 0x61], "UTF-16"), ([0xFF, 0xFE, 0x61, 0x00], "UTF-16"),
            ([0x61, 0x00, 0x3A, 0x00], "UTF-16"), ([0x00, 0x61, 0x00, 0x3A], "UTF-16"),
            ([0x61, 0x3A, 0x20, 0xFF], "not UTF-8"), ([0x61, 0x3A, 0x20, 0xC0, 0x80], "not UTF-8"),
            ([0x61, 0x3A, 0x20, 0x07], "U+0007"), ([0x61, 0x3A, 0x20, 0x00], "U+0000"),
        ] as [([UInt8], String)])
    func `other encodings and control characters are rejected`(
        _ bytes: [UInt8], _ message: String
    ) throws {
        let error = try #require(throws: YAMLError.self) {
            try YAMLDocumentStream(parsing: bytes)
        }
        #expect(error.message.contains(message))
        #expect(error.line == 1)
        #expect(error.column == (message.hasPrefix("UTF-16") ? 1 : 4))
    }

    @Test(arguments: [
        ("a: b\nc: [d\n", 3, "did not find expected ',' or ']'"),
        ("a: b\n  c: d\n", 2, "mapping values are not allowed"),
        ("é: 'x\n", 2, "unexpected end of stream"),
        ("a: *\n", 1, "scanning an alias"),
        ("a:\n\t- b\n", 2, "cannot start any token"),
        ("\r\na: }\r\n", 2, "did not find expected node content"),
    ])
    func `invalid YAML is rejected with its position`(
        _ yaml: String, _ line: Int, _ message: String
    ) throws {
        let error = try #require(throws: YAMLError.self) {
            try YAMLDocumentStream(parsing: Array(yaml.utf8))
        }
        #expect(error.line == line)
        #expect(error.message.contains(message))
    }

    @Test func `nesting is limited before libyaml slows down`() throws {
        let deep = String(repeating: "[", count: 64)
        let fits = deep + String(repeating: "]", count: 64)
        #expect(throws: Never.self) { try YAMLDocumentStream(parsing: Array(fits.utf8)) }
        let bomb = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
        let error = try #require(throws: YAMLError.self) {
            try YAMLDocumentStream(parsing: bomb)
        }
        #expect(error.message == "values are nested deeper than 64 levels")
        #expect(error.column == 65)
    }

    @Test func `directives are limited before libyaml compares each with all others`() throws {
        let directives = (1...5_000).map { "%TAG !a\($0)! b\n" }.joined()
        let error = try #require(throws: YAMLError.self) {
            try YAMLDocumentStream(parsing: Array("\(directives)--- a\n".utf8))
        }
        #expect(error.line == 101)
    }

    @Test func `bytes and values are limited`() throws {
        var limits = YAMLDocumentStream.Limits()
        limits.byteCount = 10
        #expect(throws: YAMLError.self) {
            try YAMLDocumentStream(parsing: Array("a: 12345678".utf8), limits: limits)
        }
        limits = YAMLDocumentStream.Limits()
        limits.events = 8
        // Stream and document start, sequence start and end, two values, document and stream end.
        #expect(throws: Never.self) {
            try YAMLDocumentStream(parsing: Array("[a, b]".utf8), limits: limits)
        }
        #expect(throws: YAMLError.self) {
            try YAMLDocumentStream(parsing: Array("[a, b, c]".utf8), limits: limits)
        }
    }

    private func parse(_ yaml: String) throws -> YAMLNode {
        try #require(try YAMLDocumentStream(parsing: Array(yaml.utf8)).documents.first).root
    }
}
