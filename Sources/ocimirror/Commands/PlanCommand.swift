// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Mirroring
internal import OCI
internal import StrictJSON

/// What a sync would do.
struct PlanCommand: ConfiguredCommand {
    var options = CommonOptions()
    var ids: [String] = []
    var offline = false

    static let name = "plan"
    static let summary = "Says what sync would do, and how many pulls it would cost."
    static let discussion = """
        Costs one HEAD at the source and one at each target, and tag listings where an entry asks \
        for a pattern; none of them counts as a pull. With --offline nothing is asked: the names \
        and ids alone.
        """
    static let examples = [
        Example("ocimirror plan", "what would be copied?"),
        Example("ocimirror plan --offline", "is the configuration right, and what are the ids?"),
    ]
    static let parameters: [Parameter<PlanCommand>] =
        [
            .positional("ID", into: \.ids, help: "an id, a name or a glob; everything if left out"),
            .flag("--offline", into: \.offline, help: "ask nobody: names and ids only"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let file = try ConfigurationFile(options.config, in: context)
        let selection = IDSelection(ids)
        try file.checkIDs()
        let document: PlanDocument
        if offline {
            let plan = Planner(config: file.config).offlinePlan(selecting: selection)
            if file.config.images.allSatisfy({ $0.isNamed }) { try selection.check(against: plan) }
            document = PlanDocument(config: file.config, plan: plan, resolved: nil)
        } else {
            let stores = try Network.stores(
                registries: file.config.registries, options: options, context: context)
            let plan = try await Planner(config: file.config)
                .plan(selecting: selection, stores: stores)
            try selection.check(against: plan)
            let resolver = Resolver(
                config: file.config, stores: stores, locks: file.locks, today: context.today)
            document = PlanDocument(
                config: file.config, plan: plan, resolved: try await resolver.resolve(plan),
                credentials: context.credentials.findings)
        }
        context.console.result(
            options.json ? document.json.text : document.text(for: context.console))
        return document.exitCode
    }
}

extension ImageEntry {
    /// Whether the entry names its tags itself, so that no listing is needed to know its ids.
    fileprivate var isNamed: Bool {
        if case .pattern = selection { false } else { true }
    }
}
