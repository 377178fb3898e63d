// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import Lockfiles
internal import Mirroring
internal import OCI
internal import StrictJSON
internal import TextSafety

/// Tags at the targets that nothing names any more.
struct PruneCommand: ConfiguredCommand {
    var options = CommonOptions()
    var names: [String] = []
    var locks: [String] = []
    var keepLists: [String] = []
    var removes = false

    static let name = "prune"
    static let summary =
        "Lists tags at the targets that nothing names any more; --yes removes them."
    static let discussion = """
        Looks below the targets' prefixes only, at the repositories that the configuration and the \
        locks name. Superfluous are tags that keep a replaced digest which no lock and no keep-list \
        names, tags that no entry and no lock has, and signatures of what is gone. Give the locks of \
        all environments: what they pin stays. A registry that removes manifests only loses none \
        that any remaining tag stands for.
        """
    static let examples = [
        Example("ocimirror prune", "what could go?"),
        Example(
            "ocimirror prune --lock prod/images.lock.yaml --yes", "remove it, sparing production"),
    ]
    static let parameters: [Parameter<PruneCommand>] =
        [
            .positional("NAME", into: \.names, help: "further images, which no entry has any more"),
            .option("--lock", nil, "FILE", into: \.locks, help: "another lock whose digests stay"),
            .option(
                "--keep", nil, "FILE", into: \.keepLists, help: "a list of digests that stay"),
            .flag("--yes", into: \.removes, help: "remove what is listed"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let file = try ConfigurationFile(options.config, in: context)
        for target in file.config.targets {
            guard let path = target.lock, file.locks[path] == nil else { continue }
            throw ConfigurationFileError(
                message: "cannot read '\(context.shown(path))': there is no lock yet",
                hint: "run 'ocimirror sync' first: without a lock everything would look superfluous"
            )
        }
        let others = try locks.map {
            try ConfigurationFile.lock(at: context.absolute($0), root: ["global", "ocimirror"])
        }
        let keepList = try keepLists.reduce(into: Set<Digest>()) { digests, path in
            let bytes = try BoundedFile.read(context.absolute(path), limit: 16 << 20)
            digests.formUnion(
                RetainedReferences.digests(inKeepList: String(decoding: bytes, as: UTF8.self)))
        }
        let pruner = Pruner(
            config: file.config,
            stores: try Network.stores(
                registries: file.config.registries, options: options, context: context),
            retained: RetainedReferences(
                locks: Array(file.locks.values) + others, keepList: keepList, config: file.config))
        let document = PruneDocument(
            report: try await pruner.prune(also: names, removes: removes), removes: removes,
            credentials: context.credentials.findings)
        context.console.result(
            options.json ? document.json.text : document.text(for: context.console))
        return document.exitCode
    }
}
