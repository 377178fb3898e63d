// SPDX-License-Identifier: Apache-2.0

import Testing
import TextSafety

@Suite struct UntrustedTextTests {
    @Test(
        arguments: [
            // Text without special meaning to terminals and logs is unchanged.
            ("", ""),
            ("manifest unknown", "manifest unknown"),
            ("größe 大小 ✓", "größe 大小 ✓"),
            ("[::1]:5000", "[::1]:5000"),
            ("a#1, b::c", "a#1, b::c"),
            // Escape sequences: CSI, OSC with BEL, and the C1 forms of both.
            ("\u{1B}[31mred", "\\u{1b}[31mred"),
            ("\u{1B}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{9B}31m\u{9D}0;t\u{9C}", "\\u{9b}31m\\u{9d}0;t\\u{9c}"),
            ("a\u{8}\u{8}b\u{7F}\u{0}", "a\\u{8}\\u{8}b\\u{7f}\\u{0}"),
            // Line breaks, and a carriage return that would overwrite the line.
            ("bad\rgood", "bad good"),
            ("one\r\n\r\n\ttwo\n", "one two"),
            ("\n\nx", "x"),
            ("a\u{B}b\u{C}c\u{85}d", "a\\u{b}b\\u{c}c\\u{85}d"),
            ("a\u{2028}b\u{2029}c", "a\\u{2028}b\\u{2029}c"),
            // Bidirectional controls, also the isolates and the Arabic letter mark.
            ("exe.\u{202E}gpj", "exe.\\u{202e}gpj"),
            ("\u{2066}a\u{2069}\u{61C}", "\\u{2066}a\\u{2069}\\u{61c}"),
            // Invisible characters: zero width, soft hyphen, fillers, selectors, tag characters.
            ("pay\u{200B}pal\u{FEFF}", "pay\\u{200b}pal\\u{feff}"),
            ("a\u{AD}b\u{34F}c\u{3164}d\u{115F}", "a\\u{ad}b\\u{34f}c\\u{3164}d\\u{115f}"),
            ("a\u{FE00}\u{E0041}\u{E0100}", "a\\u{fe00}\\u{e0041}\\u{e0100}"),
            ("a\u{FFF9}b\u{FFFB}", "a\\u{fff9}b\\u{fffb}"),
        ])
    func `control characters are escaped`(raw: String, shown: String) {
        #expect(UntrustedText(raw).display == shown)
        #expect("\(UntrustedText(raw))" == shown)
    }

    /// GitHub's runner trims leading whitespace before it looks for a command.
    ///
    /// It trims all Unicode whitespace. Like Azure's agent, it accepts `##[` and `##vso[` anywhere.
    @Test(
        arguments: [
            ("::add-mask::x", ":\\:add-mask::x"),
            ("  ::error file=a::b", "  :\\:error file=a::b"),
            ("ok\n::stop-commands::t", "ok :\\:stop-commands::t"),
            ("\u{A0}::warning::x", "\u{A0}:\\:warning::x"),
            ("\u{3000}\u{2003}::group::x", "\u{3000}\u{2003}:\\:group::x"),
            ("a : b", "a : b"),
            (":::", ":\\::"),
            ("##[command]rm", "#\\#[command]rm"),
            ("text ##[error]x", "text #\\#[error]x"),
            ("##vso[task.setvariable variable=PATH]x", "#\\#vso[task.setvariable variable=PATH]x"),
            ("###[group]", "#\\#\\#[group]"),
            // With a combining accent a delimiter is another Character, but not to a runner.
            ("::\u{301}x::", ":\\:\u{301}x::"),
            ("x \u{301}##\u{301}[error]x", "x \u{301}#\\#\u{301}[error]x"),
        ])
    func `a workflow command is escaped`(raw: String, shown: String) {
        #expect(UntrustedText(raw).display == shown)
    }

    @Test(
        arguments: ["::set-env name=PATH::x", "\t\r\n ::x::", "\u{85}::x::", "\u{2028}::x::"]
            + ["\u{FEFF}::x::", "\u{200B}::x::", "\u{1680}::x::", "\u{205F} ::x::", "#\u{0}#[x]"])
    func `no text at the start of a line is a workflow command`(raw: String) {
        let shown = UntrustedText(raw).display
        #expect(!shown.drop { $0.isWhitespace }.hasPrefix("::"))
        #expect(!shown.contains("##"))
        #expect(!shown.contains { $0.isNewline })
    }

    @Test func `bytes that are not UTF-8 become replacement characters`() {
        let text = UntrustedText(
            bytes: [0x61, 0xFF, 0xC0, 0x80, 0xED, 0xA0, 0x80, 0x62] as [UInt8])
        #expect(text.display.hasPrefix("a\u{FFFD}"))
        #expect(text.display.hasSuffix("\u{FFFD}b"))
    }

    @Test(arguments: [
        ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcde…"), ("abc", 0, "…"), ("", 0, ""),
    ])
    func `long text is truncated with an ellipsis`(raw: String, limit: Int, shown: String) {
        #expect(UntrustedText(raw).display(limit: limit) == shown)
    }

    @Test func `a megabyte of any text is truncated`() {
        for character in ["x", "\n", " ", "\u{1B}", "\u{301}", "#", ":"] {
            let text = UntrustedText(String(repeating: character, count: 1 << 20))
            #expect(text.display.unicodeScalars.count <= 8 * 1024 + 1)
        }
    }

    @Test func `the raw text is available for comparisons`() {
        #expect(UntrustedText("\u{1B}[0m").raw == "\u{1B}[0m")
    }

    @Test func `neither debug descriptions nor dumps contain the raw text`() {
        let text = UntrustedText("\u{202E}x")
        var dumped = ""
        dump([text], to: &dumped)
        for shown in ["\(text)", String(reflecting: text), "\([text])", dumped] {
            #expect(shown.contains("\\u{202e}x"))
            #expect(!shown.unicodeScalars.contains("\u{202E}"))
        }
    }
}
