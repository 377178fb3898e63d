// SPDX-License-Identifier: Apache-2.0

import StrictJSON
import Testing

@Suite struct JSONWriterTests {
    @Test(
        arguments: [
            ("", #""""#), ("plain é 大 😀", #""plain é 大 😀""#), ("a/b", #""a/b""#),
            ("\"\\", #""\"\\""#), ("\n\r\t", #""\n\r\t""#), ("\r\n", #""\r\n""#),
            ("\u{0}\u{1B}\u{7F}\u{9B}", #""\u0000\u001b\u007f\u009b""#),
            ("\u{2028}\u{202E}\u{200B}\u{FEFF}", #""\u2028\u202e\u200b\ufeff""#),
            ("\u{AD}\u{61C}\u{E0041}", #""\u00ad\u061c\udb40\udc41""#),
            ("::add-mask::", #""::add-mask::""#), ("#1 ##[error]", ##""#1 #\u0023[error]""##),
            ("###", ##""#\u0023\u0023""##),
        ])
    func `a string is escaped for parsers and terminals`(text: String, written: String) {
        #expect(JSONValue.string(text).compactText == written)
        #expect(JSONValue.object([.init(text, .null)]).compactText == "{\(written):null}")
    }

    @Test func `a document is formatted with its members in their order`() {
        let value = JSONValue.object([
            .init("z", .array([.integer(1), .number("1.50"), .bool(false)])),
            .init("a", .object([])),
            .init("e", .array([])), .init("n", .object([.init("k", .null)])),
        ])
        #expect(
            value.text == """
                {
                  "z": [
                    1,
                    1.50,
                    false
                  ],
                  "a": {},
                  "e": [],
                  "n": {
                    "k": null
                  }
                }

                """)
        #expect(value.compactText == #"{"z":[1,1.50,false],"a":{},"e":[],"n":{"k":null}}"#)
    }

    @Test(arguments: [Int.min, -1, 0, 1, .max])
    func `every integer is written in full`(number: Int) {
        #expect(JSONValue.integer(number).compactText == "\(number)")
    }
}
