// SPDX-License-Identifier: Apache-2.0

import Testing
import YAML

@Suite struct ScalarTests {
    @Test(
        arguments: [
            ("", .null), ("~", .null), ("null", .null), ("nULL", .string("nULL")),
            ("true", .bool(true)), ("False", .bool(false)), ("yes", .string("yes")),
            ("no", .string("no")), ("0", .int(0)), ("-12", .int(-12)), ("+7", .int(7)),
            ("0123", .int(123)), ("0o17", .int(15)), ("0x1F", .int(31)), ("0b1", .string("0b1")),
            ("1_000", .string("1_000")), ("1.5", .float(1.5)), ("1.", .float(1)),
            (".5", .float(0.5)),
            ("1e3", .float(1000)), ("-1.5E-1", .float(-0.15)), (".", .string(".")),
            ("1e", .string("1e")), ("0x", .string("0x")), ("-", .string("-")),
            ("-.inf", .float(-.infinity)), ("99999999999999999999", .float(1e20)),
            ("12:30", .string("12:30")), ("2027-01-31", .string("2027-01-31")), ("١", .string("١")),
        ] as [(String, YAMLScalar)])
    func `a plain scalar resolves by the core schema`(_ text: String, _ value: YAMLScalar) {
        #expect(YAMLScalar(plain: text) == value)
    }

    @Test func `quotes and tags take precedence over the text`() throws {
        let yaml = "[1, '1', \"true\", !!str 1, !!int 1, !mine 1, ! 1]"
        let root = try #require(
            try YAMLDocumentStream(parsing: Array(yaml.utf8)).documents.first
        ).root
        #expect(
            root.items?.map { YAMLScalar($0) } == [
                .int(1), .string("1"), .string("true"), .string("1"), .int(1), .string("1"),
                .string("1"),
            ])
        #expect(YAMLScalar(root) == nil)
    }

    @Test(arguments: [
        ("", "\"\""), ("a b", "\"a b\""), ("\"\\", "\"\\\"\\\\\""), ("\n\r\t", "\"\\n\\r\\t\""),
        ("\u{0}\u{7F}\u{85}é", "\"\\x00\\x7F\\x85\\xE9\""), ("\u{2028}漢", "\"\\u2028\\u6F22\""),
        ("😀", "\"\\U0001F600\""), ("#{x}: *y", "\"#{x}: *y\""),
    ])
    func `quoted text is printable ASCII`(_ text: String, _ quoted: String) {
        #expect(YAMLQuoting.doubleQuoted(text) == quoted)
    }

    @Test(arguments: [
        ("", "''"), ("it's", "'it''s'"), ("'\u{301}", "'''\u{301}'"), ("''", "''''''"),
    ])
    func `an apostrophe in single quotes is doubled`(
        _ text: String, _ quoted: String
    ) {
        #expect(YAMLQuoting.singleQuoted(text).unicodeScalars.elementsEqual(quoted.unicodeScalars))
    }

    @Test func `D05 every character survives quoting and parsing`() throws {
        var text = ""
        for value in (0...0x2FFF as ClosedRange<UInt32>) {
            text.unicodeScalars.append(.init(value) ?? "?")
        }
        text += "\u{FEFF}\u{FFFE}\u{FFFF}\u{10000}\u{10FFFF}"
        let yaml = "- \(YAMLQuoting.doubleQuoted(text))\n"
        let root = try #require(
            try YAMLDocumentStream(parsing: Array(yaml.utf8)).documents.first
        ).root
        #expect(root.items?.first?.text?.unicodeScalars.elementsEqual(text.unicodeScalars) == true)
    }

    @Test(arguments: [
        "ghcr.io/x/y:1.2@sha256:ab", "v1.2.3", "8.10-alpine", "linux/amd64", "distroless-v1",
        "/bin/sh", "latest", "1.2.3-rc.1", "1.2.3", "deadbeef",
        "0b12ab", "0o9", "0xfg", "0b", "1-2", "20240131-1", "1e5a", "2024-1-31-rc1",
    ])
    func `text that every reader resolves to a string can be plain`(_ text: String) {
        #expect(YAMLQuoting.isSafePlain(text))
    }

    @Test(arguments: [
        "", "no", "Yes", "on", "Y", "null", "~", "<<", "=", "1", "1.10", "26e2", "0123", "1_000",
        "0b1", "0B0_1", "0o17", "0x1f", "0xAB_C", "1e5", "1.e+5", "2024-1-31", "12:30:45",
        "2027-01-31", ".5", "-1", "+1", "a: b", "a:",
        "a #b", "-a", "*a", "&a", "!a", "{a", "a,b", "a]", "é", "@a", "%a", "a b", "...", "---",
    ])
    func `text that some reader resolves to another type needs quotes`(_ text: String) {
        #expect(!YAMLQuoting.isSafePlain(text))
    }
}
