// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import Lockfiles
internal import Mirroring
internal import OCI
internal import StrictJSON
internal import TextSafety

/// The command `prune`.
struct PruneCommand: ConfiguredCommand {
    var options = CommonOptions()
    var names: [String] = []
    var locks: [String] = []
    var keepLists: [String] = []
    var removes = false

    static let name = "prune"
    static let summary = "List unreferenced tags at the targets; --yes removes them"
    static let discussion = """
        Lists the tags of the repositories that the configuration and the lock files name. A tag can be \
        removed if it is a retention tag whose digest is in no lock file and no keep list, if it has no \
        entry in the configuration or a lock file, or if it is a signature of a removed manifest. Pass \
        the lock files of all environments with --lock to keep the digests that they pin. If a registry \
        can delete only manifests, a manifest is kept while another tag points to it.
        """
    static let examples = [
        Example("ocimirror prune", "list removable tags"),
        Example(
            "ocimirror prune --lock prod/images.lock.yaml --yes",
            "remove them, but keep the digests that production pins"),
    ]
    static let parameters: [Parameter<PruneCommand>] =
        [
            .positional(
                "NAME", into: \.names, help: "image name that is no longer in the configuration"),
            .option(
                "--lock", placeholder: "FILE", into: \.locks,
                help: "additional lock file whose digests are kept"),
            .option(
                "--keep", placeholder: "FILE", into: \.keepLists, help: "list of digests to keep"),
            .flag("--yes", into: \.removes, help: "remove the listed tags"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let file = try ConfigurationFile(options.config, in: context)
        for target in file.configuration.targets {
            guard let path = target.lock, file.locks[path] == nil else { continue }
            throw ConfigurationFileError(
                message: "cannot read '\(context.shown(path))': lock file not found",
                hint: "run 'ocimirror sync' first; without a lock file, all tags would be removable"
            )
        }
        let others = try locks.map {
            try Lockfile.read(context.absolute($0), root: Lockfile.defaultRoot)
        }
        let keepList = try keepLists.reduce(into: Set<Digest>()) { digests, path in
            let bytes = try BoundedFile.read(
                context.absolute(path), limit: Lockfile.maximumByteCount)
            digests.formUnion(
                RetainedReferences.digests(inKeepList: String(decoding: bytes, as: UTF8.self)))
        }
        let pruner = Pruner(
            configuration: file.configuration,
            stores: try await Network(of: file, options, in: context).stores(),
            retained: RetainedReferences(
                locks: Array(file.locks.values) + others, keepList: keepList,
                configuration: file.configuration))
        let document = PruneDocument(
            report: try await pruner.prune(also: names, removes: removes), removes: removes,
            credentials: context.credentials.findings)
        context.console.result(
            options.json ? document.json.text : document.text(for: context.console))
        return document.exitCode
    }
}
