// SPDX-License-Identifier: Apache-2.0

import StrictJSON
import Testing

@Suite struct JSONParserTests {
    @Test(
        arguments: [
            // Literals.
            ("null", .null), ("true", .bool(true)), ("false", .bool(false)),
            // Integers, up to 64 bits.
            ("0", .integer(0)), ("-1", .integer(-1)), ("42", .integer(42)),
            ("9007199254740993", .integer(9_007_199_254_740_993)),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            // Numbers that are kept as text, because an integer would be another number.
            ("9223372036854775808", .number("9223372036854775808")), ("-0", .number("-0")),
            ("1.0", .number("1.0")), ("1e3", .number("1e3")), ("1E+3", .number("1E+3")),
            ("-0.5e-7", .number("-0.5e-7")), ("0.0", .number("0.0")), ("0e0", .number("0e0")),
            // Strings.
            (#""""#, .string("")), (#""text""#, .string("text")),
            (#""größe 大""#, .string("größe 大")),
            (#""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{C}\n\r\t")),
            (#""\u0041\u00e9\u5927""#, .string("Aé大")), (#""\ud83d\ude00""#, .string("😀")),
            (#""\uD83D\uDE00\uFFFF""#, .string("😀\u{FFFF}")),
            (#""a\u0301b""#, .string("a\u{301}b")),
            ("\"\u{7F}\u{2028}\"", .string("\u{7F}\u{2028}")),
            // Arrays and objects, with all whitespace that the grammar permits.
            ("[]", .array([])), ("[ ]", .array([])), ("[[[]]]", .array([.array([.array([])])])),
            ("[1,2]", .array([.integer(1), .integer(2)])), ("{}", .object([])),
            ("\t\r\n {\r\n} \n", .object([])),
            (
                " { \"b\" : 1 , \"a\" : [ null ] } ",
                .object([.init("b", .integer(1)), .init("a", .array([.null]))])
            ),
            (#"{"":{}}"#, .object([.init("", .object([]))])),
            (#"{"a":1,"A":2}"#, .object([.init("a", .integer(1)), .init("A", .integer(2))])),
        ] as [(String, JSONValue)])
    func `a document is parsed`(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == value)
    }

    @Test(
        arguments: [
            // Empty or incomplete documents.
            "", " ", "[", "{", "[1", "[1,", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "\"",
            "\"a",
            "\"\\", "\"\\u", "\"\\u00", "-", "tru", "nul", "1.", "1e", "1e+",
            // Trailing content.
            "1 2", "{} {}", "[]]", "null,", "{}\u{0}", "[]//", "truefalse", "nullx",
            // Commas and colons.
            "[,]", "[1,]", "[1 2]", "[,1]", "[1,,2]", "{,}", "{\"a\":1,}", "{\"a\" 1}", "{\"a\":}",
            "{\"a\",1}", "{:1}", "[1:2]", "[1}", "{\"a\":1]",
            // Keys that are not strings.
            "{a:1}", "{1:1}", "{null:1}", "{'a':1}", "{[]:1}",
            // Literals and numbers of other languages.
            "True", "NULL", "undefined", "NaN", "Infinity", "-Infinity", "+1", "01", "-01", "00",
            ".5", "-.5", "0x10", "1_000", "1.e3", "--1", "1e3.5", "0b1", "1f", "１",
            // Strings of other languages, and unescaped control characters.
            "'a'", "`a`", "\"\\x41\"", "\"\\'\"", "\"\\0\"", "\"\\U0041\"", "\"\\u{41}\"",
            "\"\\u004g\"", "\"\\u+041\"", "\"\\u００４１\"", "\"a\nb\"", "\"a\tb\"", "\"a\u{0}b\"",
            "\"\u{1F}\"",
            // Lone surrogates.
            "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\n\"",
            "\"\\ud800\\u0041\"", "\"\\udc00\\ud800\"", "\"\\udfff\\udfff\"",
            // NUL, which ends a string for some readers.
            "\"a\\u0000b\"", "{\"a\\u0000\":1}",
            // Comments, and non-ASCII whitespace.
            "/**/1", "//\n1", "#\n1", "\u{A0}1", "\u{2003}1", "\u{B}1", "\u{C}1", "\u{85}1",
            // A byte order mark, at the start or later.
            "\u{FEFF}{}", "{\u{FEFF}}",
        ])
    func `text that parsers interpret differently is rejected`(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test(
        arguments: [
            // Stray, overlong and truncated sequences; surrogates and numbers beyond Unicode.
            [0xFF], [0x22, 0x80, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xE0, 0x80, 0x80, 0x22],
            [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0xF0, 0x9F, 0x98, 0x22], [0x7B, 0x7D, 0xFE],
            // UTF-16 and UTF-32, with and without a mark, and Latin-1.
            [0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00], [0xFE, 0xFF, 0x00, 0x7B, 0x00, 0x7D],
            [0x7B, 0x00, 0x7D, 0x00], [0x00, 0x7B, 0x00, 0x7D],
            [0x7B, 0x00, 0x00, 0x00, 0x7D, 0x00, 0x00, 0x00], [0x22, 0xE9, 0x22],
            // A mark in UTF-8, with nothing after it or something.
            [0xEF, 0xBB, 0xBF], [0xEF, 0xBB, 0xBF, 0x7B, 0x7D], [0xEF, 0xBB],
        ] as [[UInt8]])
    func `bytes that are not UTF-8, or have a byte order mark, are rejected`(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    }

    @Test(
        arguments: [
            #"{"a":1,"a":1}"#, #"{"a":1,"b":2,"a":3}"#, #"{"a":1,"\u0061":2}"#, #"{"":1,"":2}"#,
            #"[{"a":{"b":[{"c":1,"c":2}]}}]"#, #"{"a/b":1,"a\/b":2}"#,
            #"{"\ud83d\ude00":1,"😀":2}"#,
            // The same letter to a reader, but different bytes.
            "{\"\u{E9}\":1,\"e\u{301}\":2}",
        ])
    func `a duplicate key is rejected at any depth`(text: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
        #expect(error?.reason == "duplicate key")
    }

    @Test func `the same key in two objects is not a duplicate`() throws {
        let value = try JSONValue(parsing: Array(#"[{"a":1},{"a":{"a":1}}]"#.utf8))
        #expect(value.compactText == #"[{"a":1},{"a":{"a":1}}]"#)
    }

    @Test(arguments: ["[[[1]]]", "{\"a\":[[]]}", "[[[]]]"])
    func `one level more than permitted is rejected`(text: String) {
        #expect(throws: Never.self) { try JSONValue(parsing: Array(text.utf8), maximumDepth: 3) }
        #expect(throws: JSONError.self) {
            try JSONValue(parsing: Array(text.utf8), maximumDepth: 2)
        }
    }

    @Test(arguments: [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")])
    func `the nesting depth is limited`(open: String, close: String) throws {
        let levels = open.count { $0 == "[" || $0 == "{" }
        func document(_ depth: Int) -> [UInt8] {
            let times = depth / levels
            return Array(
                (String(repeating: open, count: times) + "1"
                    + String(repeating: close, count: times))
                    .utf8)
        }
        #expect(throws: Never.self) { try JSONValue(parsing: document(64)) }
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: document(66)) }
        #expect(error?.reason == "nested deeper than 64 levels")
        #expect(throws: Never.self) { try JSONValue(parsing: document(8), maximumDepth: 8) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: document(10), maximumDepth: 8) }
        // A megabyte of unclosed brackets ends at the same limit.
        let bomb = Array(String(repeating: open, count: 1 << 18).utf8)
        #expect(throws: JSONError.self) { try JSONValue(parsing: bomb) }
    }

    @Test func `the number of values is limited`() throws {
        func zeros(_ count: Int) -> [UInt8] {
            Array("[\(Array(repeating: "0", count: count).joined(separator: ","))]".utf8)
        }
        #expect(throws: Never.self) { try JSONValue(parsing: zeros(9), maximumCount: 10) }
        let error = #expect(throws: JSONError.self) {
            try JSONValue(parsing: zeros(10), maximumCount: 10)
        }
        #expect(error?.reason == "more than 10 values")
        #expect(throws: JSONError.self) { try JSONValue(parsing: zeros(1 << 18)) }
    }

    @Test(
        arguments: [
            ("{\"a\":1,}", "byte 7: a key was expected"),
            ("[1 2]", "byte 3: ',' or ']' was expected"),
            ("", "byte 0: the document ends too early"), ("nul", "byte 0: a value was expected"),
            ("\u{FEFF}1", "byte 0: a byte order mark is not allowed"),
        ])
    func `an error contains position and reason, but no input`(text: String, shown: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
        #expect(error?.description == shown)
    }

    @Test func `a megabyte of any one token is parsed in linear time`() {
        let size = 1 << 20
        for filler in [" ", "[", "{", "\"", "\\", "1", "-", ",", "\u{0}", "[]", "{\"a\":"] {
            let text = String(repeating: filler, count: size / filler.utf8.count)
            _ = try? JSONValue(parsing: Array(text.utf8))
            _ = try? JSONValue(parsing: Array("[\"\(text)\"]".utf8))
        }
    }

    @Test func `a long document with long strings and many keys is parsed`() throws {
        let members = (0..<50_000).map {
            "\"key-\($0)\":\"\\n\(String(repeating: "x", count: 50))\""
        }
        let value = try JSONValue(parsing: Array("{\(members.joined(separator: ","))}".utf8))
        guard case .object(let read) = value else {
            Issue.record("no object")
            return
        }
        #expect(read.count == 50_000)
        #expect(read.last?.name == "key-49999")
    }
}
