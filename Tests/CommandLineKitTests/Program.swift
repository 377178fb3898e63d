// SPDX-License-Identifier: Apache-2.0

import CommandLineKit

/// A small program with one of everything, for the tests of this module.
enum Program {
    static let tree = CommandTree<[String]>(
        "mirror", summary: "Mirror images from one place to another",
        sections: [
            HelpSection(
                "Exit codes",
                [HelpSection.Row("0", "done"), HelpSection.Row("64", "the command line is wrong")])
        ],
        topics: [
            HelpTopic(
                "levels", summary: "How much can be validated",
                [
                    .paragraph("Three levels, each of which contains the one before it."),
                    .section(
                        HelpSection(
                            "Levels",
                            [
                                HelpSection.Row("index", "the entries"),
                                HelpSection.Row("content", "what would run"),
                            ])),
                    .lines(["validation: content"]),
                ])
        ],
        environmentPrefix: "MIRROR_", globals: Shared.parameters, defaults: Shared(),
        commands: [
            .command(Sync.self), .command(Check.self),
            .group("lock", summary: "Work on lock files", [.command(LockMerge.self)]),
            .command(Secret.self),
        ])

    static func parse(
        _ words: String..., environment: [String: String] = [:]
    ) throws(UsageError) -> CommandInvocation<[String]> {
        try tree.parse(words, environment: environment)
    }

    /// The error message for a command line, or `nil` if it is valid.
    static func errorMessage(_ words: [String], environment: [String: String] = [:]) -> String? {
        do throws(UsageError) {
            _ = try tree.parse(words, environment: environment)
            return nil
        } catch {
            return error.description
        }
    }
}

enum Level: String, ArgumentValue, CaseIterable {
    case index
    case config
    case content
}

struct Shared: Equatable {
    var config = "mirror.yaml"
    var isQuiet = false

    static let parameters: [Parameter<Self>] = [
        .option(
            "--config", short: "-c", placeholder: "FILE", into: \.config, help: "the configuration"),
        .flag("--quiet", short: "-q", into: \.isQuiet, help: "print errors only"),
    ]
}

struct Sync: Command, Equatable {
    var ids: [String] = []
    var jobs = 4
    var isDryRun = false
    var verifiesTLS = true
    var validation: Level?
    var platforms = ["linux/amd64", "linux/arm64"]
    var idleTimeout = Duration.seconds(30)
    var bufferSize = ByteSize(64 << 10)
    var shared = Shared()

    static let name = "sync"
    static let summary = "Mirror every image of the configuration"
    static let discussion = """
        Images that already present cost one request each. One image's failure never stops
        the others.

        Nothing is written where nothing changed.
        """
    static let examples = [
        Example("mirror sync", "mirrors everything"),
        Example("mirror sync -j 8 'grafana*'", "mirrors some, eight blobs at a time"),
    ]
    static let parameters: [Parameter<Self>] =
        [
            .positional("ID", into: \.ids, help: "entries to work on: an id, a name or a glob"),
            .number("--jobs", short: "-j", in: 1...64, into: \.jobs, help: "blobs in flight"),
            .flag("--dry-run", into: \.isDryRun, help: "change nothing"),
            .flag("--verify-tls", into: \.verifiesTLS, help: "trust any certificate"),
            .option(
                "--validation", into: \.validation,
                help:
                    "how much is validated of every image before it is copied, instead of what the "
                    + "configuration says"),
            .option(
                "--platform", placeholder: "PLATFORM", into: \.platforms, help: "what must be there"
            ),
            .option("--idle-timeout", into: \.idleTimeout, help: "longest time without a byte"),
            .option("--buffer-size", into: \.bufferSize, help: "bytes kept for each transfer"),
        ] + Parameter.group(\.shared, Shared.parameters, section: "Global options")

    func run(in context: [String]) async -> ExitCode { .success }
}

struct Check: Command, Equatable {
    var image = ""
    var level: Level?
    var shared = Shared()

    static let name = "check"
    static let summary = "Check an image before it is used"
    static let parameters: [Parameter<Self>] =
        [
            .positional("IMAGE", into: \.image, help: "a reference with a tag or a digest"),
            .positional("LEVEL", into: \.level, help: "index, config or content"),
        ] + Parameter.group(\.shared, Shared.parameters, section: "Global options")

    func run(in context: [String]) async -> ExitCode { .negative }
}

struct LockMerge: Command, Equatable {
    var lock = ""
    var parts: [String] = []
    var shared = Shared()

    static let name = "merge"
    static let summary = "Join the parts that the shards of a run have written"
    static let parameters: [Parameter<Self>] =
        [
            .positional("LOCK", into: \.lock, help: "the lock to write"),
            .positional("PART", requiresOne: true, into: \.parts, help: "the parts to read"),
        ] + Parameter.group(\.shared, Shared.parameters, section: "Global options")

    func run(in context: [String]) async -> ExitCode {
        context == parts ? .success : .failure
    }
}

struct Secret: Command, Equatable {
    var shared = Shared()

    static let name = "secret"
    static let summary = "Answer another program"
    static let isHidden = true
    static let parameters: [Parameter<Self>] = Parameter.group(\.shared, Shared.parameters)

    func run(in context: [String]) async -> ExitCode { .success }
}

extension CommandInvocation {
    /// Returns the command to run, if it has this type.
    func command<Expected>(as type: Expected.Type = Expected.self) -> Expected? {
        if case .run(let command) = self { command as? Expected } else { nil }
    }
}
