// SPDX-License-Identifier: Apache-2.0

import OCI
import Testing

@Suite struct TagTests {
    @Test(
        arguments: ["a", "_", "0", "v1.2.3", "1.29-alpine", "A_b.C-d", "a..b", "a--", "latest."]
            + [String(repeating: "a", count: 128)])
    func `a tag is parsed`(text: String) throws {
        let tag = try Tag(parsing: text)
        #expect(tag.name == text)
        #expect(tag.description == text)
    }

    @Test(
        arguments: [
            "", ".a", "-a", "a b", "a/b", "../../x/manifests/y", "a?x", "a#x", "a%2f..", "a:b",
            "a@b", "a+b",
            "ä", "a\n", "a\u{0}", "\u{212A}", "１", "a\u{301}", "::add-mask::",
            String(repeating: "a", count: 129),
        ])
    func `text that could change a path is rejected`(text: String) {
        #expect(throws: ParseError.self) { try Tag(parsing: text) }
    }

    @Test(
        arguments: [
            "latest", "Latest", "LATEST", "main", "master", "trunk", "head", "edge", "next",
        ]
            + ["nightly", "dev", "develop", "canary", "rolling", "unstable", "testing", "stable"]
            + ["snapshot"])
    func `a floating tag such as latest is a channel`(text: String) throws {
        #expect(try Tag(parsing: text).isFloating)
    }

    @Test(arguments: [
        "16", "1.29-alpine", "latest-alpine", "v1", "stable-1", "_latest", "mainline",
    ])
    func `a version tag is not a channel`(text: String) throws {
        #expect(try !Tag(parsing: text).isFloating)
    }

    @Test func `tags are ordered by bytes`() throws {
        let names = ["10", "9", "A", "_", "a", "a-", "a."]
        #expect(try names.reversed().map { try Tag(parsing: $0) }.sorted().map(\.name) == names)
    }
}
