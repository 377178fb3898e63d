// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import Testing

struct HelpTests {
    @Test(
        arguments: [
            (["help", "help"], []), (["--help"], []), (["help"], []), (["--zzz", "--help"], []),
            (["sync", "--help"], ["sync"]),
            (["--config", "x", "sync", "--jobs", "--help"], ["sync"]),
            (["--help", "sync"], ["sync"]), (["help", "sync"], ["sync"]),
            (["lock", "--help"], ["lock"]), (["help", "lock"], ["lock"]),
            (["help", "lock", "merge"], ["lock", "merge"]),
            (["lock", "merge", "--help"], ["lock", "merge"]),
        ] as [([String], [String])])
    func `help options are recognized anywhere`(words: [String], path: [String]) throws {
        guard case .help(let found) = try Program.tree.parse(words, environment: [:]) else {
            Issue.record("no help")
            return
        }
        #expect(found == path)
    }

    @Test(arguments: [[], ["-h"], ["--zzz", "-h"]])
    func `no command asks for the list of commands`(words: [String]) throws {
        guard case .shortHelp([]) = try Program.tree.parse(words, environment: [:]) else {
            Issue.record("no short help")
            return
        }
        let text = Program.tree.shortHelp(for: [])
        #expect(text.contains("\nCommands:\n  sync  ") && !text.contains("--quiet"), "\(text)")
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("'mirror --help' describes the common options"), "\(text)")
    }

    @Test func `-h asks for short help, which names the common options once`() throws {
        guard case .shortHelp(let path) = try Program.tree.parse(["sync", "-h"], environment: [:])
        else {
            Issue.record("no short help")
            return
        }
        let text = Program.tree.shortHelp(for: path)
        #expect(text.contains("Options of every command: -c/--config, -q/--quiet"), "\(text)")
        #expect(!text.contains("MIRROR_") && text.count < Program.tree.help(for: path).count)
    }

    @Test(arguments: [["--version"], ["--quiet", "--version"], ["-V"], ["version"]])
    func `the version option is recognized before a command`(words: [String]) throws {
        guard case .version = try Program.tree.parse(words, environment: [:]) else {
            Issue.record("no version")
            return
        }
    }

    @Test(arguments: [64, 80, 120])
    func `no line is longer than the width`(width: Int) {
        let text = Program.tree.help(for: ["sync"], width: width)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= width && $0.last != " " })
    }

    @Test func `the program's help lists its commands`() {
        #expect(
            Program.tree.help() == """
                Mirror images from one place to another

                Usage: mirror COMMAND [OPTIONS]

                Commands:
                  sync               Mirror every image of the configuration
                  check              Check an image before it is used
                  lock merge         Join the parts that the shards of a run have written

                Options:
                  -c, --config FILE  the configuration [env: MIRROR_CONFIG]
                                     [default: mirror.yaml]
                  -q, --quiet        print errors only [env: MIRROR_QUIET]
                  -h, --help         show this help
                  -V, --version      show the version

                Exit codes:
                  0                  done
                  64                 the command line is wrong

                More help:
                  help levels        How much can be validated

                'mirror help COMMAND' describes a command.

                """)
    }

    @Test func `a group's help lists the commands under it`() {
        #expect(
            Program.tree.help(for: ["lock"]) == """
                Work on lock files

                Usage: mirror lock COMMAND [OPTIONS]

                Commands:
                  lock merge  Join the parts that the shards of a run have written

                """)
    }

    @Test func `a command's help contains its declaration and the global options`() {
        #expect(
            Program.tree.help(for: ["sync"]) == """
                Mirror every image of the configuration

                Usage: mirror sync [OPTIONS] [ID…]

                Images that already present cost one request each. One image's failure never
                stops the others.

                Nothing is written where nothing changed.

                Arguments:
                  ID…                      entries to work on: an id, a name or a glob

                Options:
                  -j, --jobs N             blobs in flight [env: MIRROR_JOBS] [default: 4]
                      --dry-run            change nothing [env: MIRROR_DRY_RUN]
                      --no-verify-tls      trust any certificate [env: MIRROR_VERIFY_TLS=false]
                      --validation index|config|content
                                           how much is validated of every image before it is
                                           copied, instead of what the configuration says
                                           [env: MIRROR_VALIDATION]
                      --platform PLATFORM  what must be there [repeatable]
                                           [env: MIRROR_PLATFORM]
                                           [default: linux/amd64,linux/arm64]
                      --idle-timeout TIME  longest time without a byte
                                           [env: MIRROR_IDLE_TIMEOUT] [default: 30s]
                      --buffer-size SIZE   bytes kept for each transfer
                                           [env: MIRROR_BUFFER_SIZE] [default: 64KiB]
                  -h, --help               show this help

                Options of every command:
                  -c, --config FILE        the configuration [env: MIRROR_CONFIG]
                                           [default: mirror.yaml]
                  -q, --quiet              print errors only [env: MIRROR_QUIET]

                Examples:
                  mirror sync
                      mirrors everything
                  mirror sync -j 8 'grafana*'
                      mirrors some, eight blobs at a time

                """)
    }
}
