// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Mirroring
internal import Registry
internal import TextSafety

/// The program's command line.
enum Program {
    /// The version, for `--version` and the user agent.
    static let version = "0.1.0"
    /// The release date, for the manual pages.
    static let date = "November 21, 2026"

    /// Every command with its options and help.
    static let tree = CommandTree<ProgramContext>(
        "ocimirror",
        summary:
            "Mirror multi-platform container images and validate them for every platform you need",
        sections: [.arguments, exitCodes],
        topics: [.exitCodes, .configuration],
        environmentPrefix: "OCIMIRROR_",
        advice: advice,
        globals: CommonOptions.parameters,
        defaults: CommonOptions(),
        commands: [
            .command(SyncCommand.self),
            .command(PlanCommand.self),
            .command(CheckCommand.self),
            .command(OutdatedCommand.self),
            .command(VerifyCommand.self),
            .command(DoctorCommand.self),
            .command(PinCommand.self),
            .command(LintCommand.self),
            .command(PromoteCommand.self),
            .group(
                "export", summary: "Export the lock file in other formats",
                [
                    .command(KeepListCommand.self),
                    .command(KustomizeCommand.self),
                    .command(ChartValuesCommand.self),
                ]),
            .command(PruneCommand.self),
            .group(
                "lock", summary: "Manage lock files",
                [.command(LockMergeCommand.self), .command(LockPullCommand.self)]),
            .command(LoginCommand.self),
            .command(LogoutCommand.self),
            .command(InitCommand.self),
            .command(CompletionsCommand.self),
            .command(CompleteCommand.self),
            .command(ReferenceCommand.self),
        ])

    /// The commands and options of skopeo, crane, regctl, docker and kubectl.
    private static let advice: [String: String] = {
        let plain =
            "use '--plain-http HOST' for a registry without TLS, or '--ca-file FILE' for its "
            + "certificate authority"
        let plan = "use 'ocimirror plan', which shows what sync would do"
        let login = "use 'ocimirror login REGISTRY', or 'credentials' in mirror.yaml"
        let diff = "use '--diff' or '--check', which write no file"
        let removal = "without '--yes', 'prune' removes nothing"
        let repair = "without '--repair', 'verify' changes nothing"
        let reading = "this command changes nothing"
        return [
            "sync --dry-run": plan, "sync -n": plan, "diff": plan,
            "pin --dry-run": diff, "pin -n": diff, "prune --dry-run": removal, "prune -n": removal,
            "verify --dry-run": repair, "verify -n": repair, "lint --dry-run": reading,
            "check --dry-run": reading, "outdated --dry-run": reading, "plan --dry-run": reading,
            "--insecure": plain, "--insecure-registry": plain, "--tls-verify": plain,
            "--src-tls-verify": plain, "--dest-tls-verify": plain, "--skip-tls-verify": plain,
            "-k": plain, "--password": login, "--creds": login, "--token": login,
            "copy": "use 'ocimirror sync' with the image in mirror.yaml",
            "mirror": "use 'ocimirror sync'", "run": "use 'ocimirror sync'",
            "validate": "use 'ocimirror check IMAGE', or 'ocimirror verify' for the targets",
            "inspect": "use 'ocimirror check IMAGE'", "status": "use 'ocimirror verify'",
            "update": "use 'ocimirror sync', then 'ocimirror pin --update-tags'",
            "gc": "use 'ocimirror prune'", "test": "use 'ocimirror doctor'",
        ]
    }()

    private static let exitCodes = HelpSection(
        "Exit codes",
        [
            HelpSection.Row("0", "success"),
            HelpSection.Row(
                "1",
                "needs attention: an image was rejected, is missing or differs from its lock entry"),
            HelpSection.Row("2", "failure, such as a network or disk error"),
            HelpSection.Row("64", "invalid command line"),
            HelpSection.Row("75", "limit reached; run again later"),
            HelpSection.Row("77", "credentials rejected or access denied"),
            HelpSection.Row("78", "invalid configuration or lock file"),
            HelpSection.Row("130, 143", "interrupted; finished images are in the lock file"),
        ])
}

/// The dependencies of a command.
struct ProgramContext: Sendable {
    let console: Console
    let environment: [String: String]
    let currentDirectory: String
    let interruption: Interruption
    /// The credential events for the reports.
    let credentials = CredentialLog()
    let traffic = RequestStatistics()
    /// The hosts that requests are waiting for.
    let throttledHosts = ThrottledHosts(now: RetryTiming.system.now)

    /// Runs `body` and shows its progress.
    ///
    /// On a terminal the progress is drawn below the log lines; elsewhere it is logged every 30
    /// seconds. `body` calls ``RunProgress/expect(_:)`` once, then ``RunProgress/start(_:)`` and
    /// ``RunProgress/finish(_:isSuccess:)`` for each image. Results are written after `body` returns.
    func showing<Value>(
        _ progress: RunProgress, _ body: () async throws -> Value
    ) async rethrows -> Value {
        try await ProgressDisplay(
            progress: progress, console: console, throttledHosts: throttledHosts, traffic: traffic,
            time: .system
        ).during(body)
    }

    /// Returns the absolute path, relative to the current directory.
    func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        var rest = path[...]
        while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
        guard !rest.isEmpty, rest != "." else { return currentDirectory }
        return currentDirectory == "/" ? "/\(rest)" : "\(currentDirectory)/\(rest)"
    }

    /// Returns the path relative to the current directory, for messages.
    func shown(_ path: String) -> String {
        let prefix = "\(currentDirectory)/"
        let near = path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
        return UntrustedText(near).display
    }

    /// The current day, for the end of exceptions.
    var today: CalendarDay { CalendarDay(daysSinceEpoch: CurrentProcess.daysSinceEpoch()) }

    /// The current time.
    var now: Timestamp { .now }
}
