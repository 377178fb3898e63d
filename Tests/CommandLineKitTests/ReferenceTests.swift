// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import Testing

@Suite struct ReferenceTests {
    @Test func `a topic has a help page`() {
        #expect(
            Program.tree.help(for: ["levels"], width: 40) == """
                How much can be validated

                Three levels, each of which contains the
                one before it.

                Levels:
                  index    the entries
                  content  what would run

                  validation: content

                """)
    }

    @Test func `a mistyped topic suggests the nearest one`() {
        #expect(Program.errorMessage(["help", "level"])?.contains("'levels'") == true)
    }

    @Test func `a hidden command runs and is not listed`() throws {
        #expect(try Program.parse("secret").command(as: Secret.self) != nil)
        #expect(!Program.tree.help().contains("secret"))
        #expect(!markdown.contains("secret"))
        #expect(Program.errorMessage(["--quiet"])?.contains("secret") == false)
    }

    @Test func `Markdown has a section for each command`() {
        #expect(
            markdown.contains(
                """
                ## mirror check

                Check an image before it is used.

                ```text
                mirror check [OPTIONS] IMAGE [LEVEL]
                ```

                | option or argument | meaning |
                |---|---|
                | `IMAGE` | a reference with a tag or a digest |
                | `LEVEL` | index, config or content |

                ## mirror lock merge

                """))
    }

    @Test func `Markdown tables escape special characters`() {
        #expect(markdown.contains("| `--validation index\\|config\\|content` |"))
    }

    @Test func `the program and each command have a manual page`() {
        let pages = Program.tree.manualPages(date: "January 2, 2026")
        #expect(
            pages.map(\.file) == [
                "mirror.1", "mirror-sync.1", "mirror-check.1", "mirror-lock-merge.1",
            ])
        #expect(
            pages[2].text == #"""
                .\" Written by 'make reference' from the command tree; not by hand.
                .Dd January 2, 2026
                .Dt MIRROR-CHECK 1
                .Os
                .Sh NAME
                .Nm mirror-check
                .Nd check an image before it is used
                .Sh SYNOPSIS
                .Nm "mirror check"
                .Op Ar OPTIONS
                .Ar IMAGE
                .Op Ar LEVEL
                .Sh DESCRIPTION
                Check an image before it is used.
                .Sh OPTIONS
                .Bl -tag -width Ds
                .It Ar IMAGE
                a reference with a tag or a digest
                .It Ar LEVEL
                index, config or content
                .El
                The options of every command are described in
                .Xr mirror 1 .
                .Sh SEE ALSO
                .Xr mirror 1

                """#)
    }

    private let markdown = Program.tree.markdown(
        title: "Reference", introduction: "Text.\n", sharedOptions: "More.\n")
}
