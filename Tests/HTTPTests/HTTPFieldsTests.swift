// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@Suite struct HTTPFieldsTests {
    @Test func `field names are compared case-insensitively`() {
        var fields: HTTPFields = ["Content-Type": "text/plain", "LINK": "a"]
        fields.append("link", "b")
        #expect(fields["content-type"] == "text/plain")
        #expect(fields["CONTENT-TYPE"] == "text/plain")
        #expect(fields["Link"] == "a")
        #expect(fields.values("Link") == ["a", "b"])
        #expect(fields.values("x").isEmpty)
        #expect(fields["x"] == nil)
        #expect(fields.fields.map(\.name) == ["content-type", "link", "link"])
    }

    @Test(
        arguments: [
            ("x", "", ""), ("x", "  ", ""), ("x", " \ta b\t ", "a b"), ("x", "a\tb", "a\tb"),
            ("x", "größe", "größe"),
            ("x", "a,b;c=\"d\"", "a,b;c=\"d\""), ("!#$%&'*+-.^_`|~09AZaz", "a", "a"),
        ])
    func `a well-formed field is accepted without surrounding whitespace`(
        name: String, value: String, kept: String
    ) {
        var fields = HTTPFields()
        let isTaken = fields.appendIfValid(name, value)
        #expect(isTaken)
        #expect(fields[name] == kept)
    }

    @Test(
        arguments: [
            "\r", "\n", "\r\n", "\u{0}", "\u{1}", "\u{8}", "\u{B}", "\u{C}", "\u{1B}", "\u{1F}",
            "\u{7F}",
        ])
    func `A25 a field with a control character is rejected`(control: String) {
        var fields = HTTPFields()
        for value in [
            "a\(control)X-Injected: b", control, "a\(control)", "\(control)a", " \(control) ",
        ] {
            fields.appendIfValid("x", value)
        }
        let isTaken = fields.appendIfValid("x\(control)y", "a")
        #expect(!isTaken)
        #expect(fields.fields.isEmpty)
    }

    // Bytes that follow from a seed, so that a failure is reproducible.
    @Test(arguments: UInt64(1)...10)
    func `A25 an accepted field is a single line`(seed: UInt64) {
        var state = seed
        func next() -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33)
        }
        for _ in 0..<1000 {
            let text = { (0..<next() % 8).map { _ in UInt8(next() % 256) } }
            var fields = HTTPFields()
            fields.appendIfValid(
                String(decoding: text(), as: UTF8.self), String(decoding: text(), as: UTF8.self))
            for field in fields.fields {
                let bytes = Array("\(field.name): \(field.value)".utf8)
                #expect(bytes.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) })
                #expect(field.name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A })
            }
        }
    }

    @Test(arguments: [
        "", " ", "a b", "a:", ":status", "a\t", "ä", "\u{212A}", "a(b)", "a\"b", "a,b", "a;b",
        "a/b", "[a]", "a@b",
    ])
    func `an invalid field name is rejected`(name: String) {
        var fields = HTTPFields()
        let isTaken = fields.appendIfValid(name, "a")
        #expect(!isTaken)
        #expect(fields.fields.isEmpty)
    }
}
