// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Mirroring
internal import Registry
internal import TextSafety

/// The program's command line.
enum Program {
    /// The version, as `--version` says it and as registries see it.
    static let version = "0.1.0"
    /// The day of the version's last change, as manual pages have it.
    static let date = "November 21, 2026"

    /// Every command with its options and help.
    static let tree = CommandTree<ProgramContext>(
        "ocimirror",
        summary: "Mirrors container images that are validated to run on every platform you need.",
        sections: [.words, exitCodes],
        topics: [.exitCodes, .configuration],
        environmentPrefix: "OCIMIRROR_",
        globals: CommonOptions.parameters,
        defaults: CommonOptions(),
        commands: [
            .command(SyncCommand.self),
            .command(PlanCommand.self),
            .command(CheckCommand.self),
            .command(VerifyCommand.self),
            .command(PinCommand.self),
            .command(LintCommand.self),
            .command(PromoteCommand.self),
            .group(
                "export", summary: "Writes the lock in the forms of other programs.",
                [
                    .command(KeepListCommand.self),
                    .command(KustomizeCommand.self),
                    .command(ChartValuesCommand.self),
                ]),
            .command(PruneCommand.self),
            .group("lock", summary: "Works on locks.", [.command(LockMergeCommand.self)]),
            .command(LoginCommand.self),
            .command(LogoutCommand.self),
            .command(InitCommand.self),
            .command(CompletionsCommand.self),
            .command(CompleteCommand.self),
            .command(ReferenceCommand.self),
        ])

    private static let exitCodes = HelpSection(
        "Exit codes",
        [
            HelpSection.Row("0", "done, or the answer is yes"),
            HelpSection.Row("1", "the answer is no: an image is rejected, missing or has drifted"),
            HelpSection.Row("2", "could not be done or found out"),
            HelpSection.Row("64", "the command line is wrong"),
            HelpSection.Row("75", "only a limit was met: run again later"),
            HelpSection.Row("77", "credentials rejected, or access denied"),
            HelpSection.Row("78", "the configuration is wrong"),
            HelpSection.Row("130, 143", "interrupted; what was finished is in the lock"),
        ])
}

/// What every command is handed.
struct ProgramContext: Sendable {
    let console: Console
    let environment: [String: String]
    let currentDirectory: String
    let interruption: Interruption
    /// What registries say about credentials, for the reports.
    let credentials = CredentialLog()
    let traffic = RequestStatistics()
    /// Hosts that are waited for.
    let throttledHosts = ThrottledHosts(now: RetryTiming.system.now)

    /// Carries out `body`, and shows meanwhile how far it has come.
    ///
    /// On a terminal a few lines at its end are drawn over and over, and what the console says appears above
    /// them; elsewhere a line every half minute says that the program is alive. `body` turns the counters of
    /// `progress`, and may do nothing else for it: ``RunProgress/expect(_:)`` once, then
    /// ``RunProgress/start(_:)`` and ``RunProgress/finish(_:isSuccess:)`` for each image. Results are to be written
    /// after it.
    func showing<Value>(
        _ progress: RunProgress, _ body: () async throws -> Value
    ) async rethrows -> Value {
        try await ProgressDisplay(
            progress: progress, console: console, throttledHosts: throttledHosts, traffic: traffic,
            time: .system
        ).during(body)
    }

    /// A path as seen from the folder in which the program was started.
    func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        var rest = path[...]
        while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
        return rest.isEmpty || rest == "." ? currentDirectory : "\(currentDirectory)/\(rest)"
    }

    /// The path as a person in that folder would write it.
    func shown(_ path: String) -> String {
        let prefix = "\(currentDirectory)/"
        let near = path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
        return UntrustedText(near).display
    }

    /// The day on which exceptions are judged.
    var today: CalendarDay { CalendarDay(daysSinceEpoch: CurrentProcess.daysSinceEpoch()) }

    /// This second.
    var now: Timestamp { .now }
}
