// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit

extension Program {
    /// `Documentation/cli.md`, as the command tree has it.
    static var markdown: String {
        tree.markdown(
            title: "The command line",
            introduction: """
                Written by `make reference` from the declaration that also parses the command line, so it is what \
                `ocimirror help` and the manual pages say; `ocimirror help sync` describes a command at the terminal.

                stdout carries the result and nothing else; progress, warnings and errors go to stderr. Colour appears on a \
                terminal only, and not with `NO_COLOR`. [Exit codes](exit-codes.md) are meant for scripts, and so is `--json`, \
                whose [documents](json.md) are stable.

                `ID` is an id of the lock, a name, or a glob with `*` and `?` (in quotes, or the shell expands it). No `ID` \
                means all. `IMAGE` is a reference with a tag or a digest, or `oci:FOLDER:TAG`, `oci:FOLDER@DIGEST` for an OCI \
                image layout.

                """,
            sharedOptions: """
                They stand before or after the command's name, as `--name value` or `--name=value`. Each option, also of a \
                single command, has a variable: `OCIMIRROR_` and the name in capitals, `--idle-timeout` is \
                `OCIMIRROR_IDLE_TIMEOUT`. What is given on the command line goes before the variable, an empty variable counts \
                as unset, and a list in a variable is parted by commas. `--no-` before the name of a flag turns it off.

                """)
    }

    /// The manual pages, as the command tree has them.
    static var manual: [ManualPage] { tree.manualPages(date: date) }
}
