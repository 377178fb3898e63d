// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Mirroring
internal import OCI
internal import StrictJSON

/// The command `plan`.
struct PlanCommand: ConfiguredCommand {
    var options = CommonOptions()
    var ids: [String] = []
    var offline = false

    static let name = "plan"
    static let summary = "Show what sync would do, and its pull cost"
    static let discussion = """
        Sends one HEAD request per tag to the source and to each target, and lists tags for entries \
        with a pattern; none of these count as pulls. With --offline no requests are made, and only \
        names and ids are shown.
        """
    static let examples = [
        Example("ocimirror plan", "show the images to copy"),
        Example("ocimirror plan --offline", "check the configuration and list the ids"),
    ]
    static let parameters: [Parameter<PlanCommand>] =
        [
            .positional("ID", into: \.ids, help: "id, name or glob; all images if omitted"),
            .flag("--offline", into: \.offline, help: "make no requests; show names and ids only"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let file = try ConfigurationFile(options.config, in: context)
        let selection = IDSelection(ids)
        try file.checkIDs()
        let document: PlanDocument
        if offline {
            let plan = Planner(configuration: file.configuration).offlinePlan(selecting: selection)
            if file.configuration.images.allSatisfy({ $0.hasExplicitTags }) {
                try selection.check(against: plan)
            }
            document = PlanDocument(configuration: file.configuration, plan: plan, resolved: nil)
        } else {
            let stores = try await Network(of: file, options, in: context, pushes: true).stores()
            let plan = try await Planner(configuration: file.configuration)
                .plan(selecting: selection, stores: stores)
            try selection.check(against: plan)
            let resolver = Resolver(
                configuration: file.configuration, stores: stores, locks: file.locks,
                today: context.today)
            document = PlanDocument(
                configuration: file.configuration, plan: plan,
                resolved: try await resolver.resolve(plan),
                credentials: context.credentials.findings)
        }
        context.console.result(
            options.json ? document.json.text : document.text(for: context.console))
        return document.exitCode
    }
}

extension ImageEntry {
    /// A Boolean value that indicates whether the ids are known without listing tags.
    fileprivate var hasExplicitTags: Bool {
        if case .pattern = selection { false } else { true }
    }
}
