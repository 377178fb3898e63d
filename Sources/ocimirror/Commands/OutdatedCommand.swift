// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Mirroring
internal import StrictJSON

/// The command `outdated`.
struct OutdatedCommand: ConfiguredCommand {
    var options = CommonOptions()
    var ids: [String] = []
    var check = false

    static let name = "outdated"
    static let summary = "List newer versions of the mirrored tags"
    static let discussion = """
        Lists the tags of each source once, which counts as no pull, and compares versions of the same \
        variant: 1.2.3-alpine with 1.3.0-alpine, not with 1.3.0. Nothing is written: to use a version, \
        write it in mirror.yaml.
        """
    static let examples = [
        Example("ocimirror outdated", "list newer versions of all images"),
        Example("ocimirror outdated --check grafana", "exit with 1 if there is a newer version"),
    ]
    static let parameters: [Parameter<OutdatedCommand>] =
        [
            .positional("ID", into: \.ids, help: "id, name or glob; all images if omitted"),
            .flag("--check", into: \.check, help: "exit with 1 if there is a newer version"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let file = try ConfigurationFile(options.config, in: context)
        let selection = IDSelection(ids)
        try file.checkIDs()
        let stores = try await Network(of: file, options, in: context).stores()
        let plan = try await Planner(configuration: file.configuration)
            .plan(selecting: selection, stores: stores)
        try selection.check(against: plan)
        let document = OutdatedDocument(
            images: try await OutdatedFinder(stores: stores).find(in: plan),
            problems: plan.problems, isCheck: check, credentials: context.credentials.findings)
        context.console.result(
            options.json ? document.json.text : document.text(for: context.console))
        return document.exitCode
    }
}
