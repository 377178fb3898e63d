// SPDX-License-Identifier: Apache-2.0

import Mirroring
import TextSafety
import Testing

@testable import ocimirror

/// Tests links to the source of an image, which come from its labels.
@Suite struct SourceLinkTests {
    private static func link(_ source: String, _ revision: String) -> SourceLink? {
        SourceLink(
            ImageFacts(
                platforms: [], downloadSize: nil,
                labels: [.source: UntrustedText(source), .revision: UntrustedText(revision)]))
    }

    @Test func `the commit and the changes are linked where the labels state them`() throws {
        let new = try #require(Self.link("https://github.com/acme/web.git", "0123456789abcdef"))
        let old = Self.link("https://github.com/acme/web", "fedcba9876543210")
        #expect(new.address == "https://github.com/acme/web")
        #expect(new.commit == "https://github.com/acme/web/commit/0123456789abcdef")
        #expect(
            new.changes(since: old)
                == "https://github.com/acme/web/compare/fedcba9876543210...0123456789abcdef")
        #expect(new.changes(since: nil) == nil)
        #expect(new.changes(since: new) == nil)
        #expect(new.changes(since: Self.link("https://github.com/acme/other", "fedcba98")) == nil)
        let lab = Self.link("https://gitlab.example.com/a/b/c/", "0123456789abcdef")
        #expect(lab?.commit == "https://gitlab.example.com/a/b/c/-/commit/0123456789abcdef")
    }

    @Test func `an unknown host or revision has no link to a commit`() {
        #expect(Self.link("https://git.example.com/a/b", "0123456")?.commit == nil)
        #expect(Self.link("https://github.com/a/b", "main")?.commit == nil)
        #expect(Self.link("https://github.com/a/b", "")?.address == "https://github.com/a/b")
    }

    @Test(arguments: [
        "", "http://github.com/a/b", "https://github.com", "https://github.com/a",
        "https://github.com/a/../b", "https://github.com/a/b?x=1", "https://github.com/a/b#x",
        "https://user@github.com/a/b", "https://github.com/a/b)](https://evil.example.com",
        "https://github.com//a/b", "javascript://github.com/a/b", "https://localhost/a/b",
        "https://github.com/a/b\n", "https://github.com/a/\u{202E}b",
        "https://github.com/a/" + String(repeating: "b", count: 300),
    ])
    func `any other label is not a link`(_ source: String) {
        #expect(Self.link(source, "0123456789abcdef") == nil)
    }
}
