// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import Testing
import TextSafety

struct UsageErrorTests {
    @Test(
        arguments: [
            // Commands.
            (["--quiet"], "missing command: one of sync, check, lock"),
            (["lock"], "missing command: one of merge"),
            (["snyc"], "unknown command 'snyc': did you mean 'sync'?"),
            (["frobnicate"], "unknown command 'frobnicate': 'mirror help' lists the commands"),
            (["lock", "merg"], "unknown command 'merg': did you mean 'merge'?"),
            (["lock", "x"], "unknown command 'x': 'mirror help lock' lists the commands"),
            (["help", "chek"], "unknown command 'chek': did you mean 'check'?"),
            (["--", "sync"], "unknown command '--': 'mirror help' lists the commands"),
            // Options.
            (["sync", "--job", "3"], "unknown option '--job': did you mean '--jobs'?"),
            (
                ["sync", "--no-dryrun"],
                "unknown option '--no-dryrun': did you mean '--no-dry-run'?"
            ),
            (["sync", "--zzz=1"], "unknown option '--zzz': 'mirror help sync' lists the options"),
            (["sync", "-x"], "unknown option '-x': 'mirror help sync' lists the options"),
            (["sync", "-qj", "1"], "unknown option '-qj': 'mirror help sync' lists the options"),
            (["--confg", "x", "sync"], "unknown option '--confg': did you mean '--config'?"),
            (
                ["--dry-run", "sync"],
                "option '--dry-run' must follow the command"
            ),
            (
                ["sync", "--version"],
                "unknown option '--version': 'mirror help sync' lists the options"
            ),
            // Values.
            (["sync", "--jobs"], "missing value: use '--jobs=N'"),
            (["sync", "--config", "--quiet"], "missing value: use '--config=FILE'"),
            (["sync", "-c"], "missing value: use '-c FILE'"),
            (["--config"], "missing command: one of sync, check, lock"),
            (["sync", "--quiet=yes"], "option '--quiet' takes no value"),
            (["sync", "--jobs", "x"], "--jobs: 'x': expected an integer"),
            (["sync", "--jobs", "-1"], "--jobs: '-1': expected a number from 1 to 64"),
            (["sync", "--jobs=0"], "--jobs: '0': expected a number from 1 to 64"),
            (
                ["sync", "--validation", "cofnig"],
                "--validation: 'cofnig': expected one of index, config, content: did you mean 'config'?"
            ),
            (
                ["sync", "--validation=all"],
                "--validation: 'all': expected one of index, config, content"
            ),
            (
                ["check", "x", "indx"],
                "LEVEL: 'indx': expected one of index, config, content: did you mean 'index'?"
            ),
            // Arguments.
            (["check"], "missing argument: IMAGE: a reference with a tag or a digest"),
            (["lock", "merge", "l"], "missing argument: PART: the parts to read"),
            (
                ["check", "x", "index", "y"],
                "unexpected argument 'y' for 'mirror check'"
            ),
            // Untrusted text is shown without their control characters.
            (["\u{1B}[2J"], "unknown command '\\u{1b}[2J': 'mirror help' lists the commands"),
        ] as [([String], String)])
    func `an invalid command line is rejected with a one-line message`(
        words: [String], message: String
    ) {
        #expect(Program.errorMessage(words) == message)
    }

    @Test func `the first invalid word is data`() {
        #expect(
            throws: UsageError(
                ["mirror", "sync"],
                .invalidValue(
                    of: "--jobs", UntrustedText("x"), reason: "expected an integer", suggestion: nil
                )
            )
        ) { try Program.parse("sync", "--jobs", "x", "--validation", "y") }
    }

    @Test(arguments: [
        (["check"], "usage: mirror check [OPTIONS] IMAGE [LEVEL]"),
        (["sync", "-x"], "usage: mirror sync [OPTIONS] [ID…]"),
        (["lock", "merge"], "usage: mirror lock merge [OPTIONS] LOCK PART…"),
        (["lock"], "usage: mirror lock COMMAND [OPTIONS]"),
        (["x"], "usage: mirror COMMAND [OPTIONS]"),
    ])
    func `the explanation contains the usage of the command`(words: [String], usage: String) {
        do throws(UsageError) {
            _ = try Program.tree.parse(words, environment: [:])
            Issue.record("nothing was rejected")
        } catch {
            #expect(Program.tree.explanation(of: error) == "\(error)\n\(usage)")
        }
    }
}
