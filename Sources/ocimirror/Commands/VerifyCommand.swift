// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Lockfiles
internal import Mirroring
internal import OCI
internal import StrictJSON
internal import TextSafety

/// The command `verify`.
struct VerifyCommand: ConfiguredCommand {
    var options = CommonOptions()
    var ids: [String] = []
    var checksSource = false
    var repairs = false

    static let name = "verify"
    static let summary = "Compare the targets with their lock files"
    static let discussion = """
        Checks that each tag, index, platform manifest, config, layer and referrer of the lock files \
        exists at the targets. Only manifests are downloaded, and nothing is written. With --repair, \
        missing content is copied again, at the digest in the lock file. With --auth-file, only the \
        credentials in that file are used, as in a cluster with a pull secret.
        """
    static let examples = [
        Example("ocimirror verify", "verify all targets"),
        Example("ocimirror verify 'redis-*' --json", "verify some images, with JSON output"),
        Example("ocimirror verify --source", "also detect tags that moved at the source"),
        Example("ocimirror verify --repair", "restore missing content"),
        Example(
            "ocimirror verify --auth-file pull-secret.json",
            "verify that a pull secret gives access to all images"),
    ]
    static let parameters: [Parameter<VerifyCommand>] =
        [
            .positional("ID", into: \.ids, help: "id, name or glob; all images if omitted"),
            .flag(
                "--source", into: \.checksSource,
                help: "also check whether tags moved at the source"),
            .flag("--repair", into: \.repairs, help: "restore content that the targets lost"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let file = try ConfigurationFile(options.config, in: context)
        if options.authFile != nil, repairs || checksSource {
            throw UsageError(
                ["ocimirror", "verify"],
                .contradiction(
                    "--auth-file cannot be combined with --repair or --source"))
        }
        let held = try repairs ? HeldFileLocks(file.configuration) : nil
        defer { withExtendedLifetime(held) {} }
        if let held, !held.isComplete { return held.reportConflict(on: context.console) }
        // Another run may have written them before the file locks were acquired.
        let locks = try file.locksNow()
        let stores = try await Network(
            of: file, options, in: context, pushes: repairs, onlyAuthFile: options.authFile != nil
        ).stores()
        let progress = RunProgress()
        var verifier = Verifier(
            stores: stores, configuration: file.configuration, today: context.today,
            checksSource: checksSource,
            progress: progress)
        if repairs { verifier = verifier.repairing(from: locks, jobs: options.jobs) }
        let selection = IDSelection(ids)
        var verified: [VerifyDocument.VerifiedLock] = []
        for target in file.configuration.targets {
            guard let path = target.lock else { continue }
            guard let lock = locks[path] else {
                throw ConfigurationFileError(
                    message: "cannot read '\(context.shown(path))': lock file not found",
                    hint: "run 'ocimirror sync' first")
            }
            let names = lock.images.map { (id: $0.key, name: $0.value.repository.lastComponent) }
            try selection.check(among: names)
            let images = lock.images.filter {
                selection.contains(id: $0.key, name: $0.value.repository.lastComponent)
            }
            verified.append(
                VerifyDocument.VerifiedLock(
                    path: path,
                    images: try await context.showing(progress) {
                        try await verifier.verify(images)
                    }))
        }
        let planned = Planner(configuration: file.configuration).offlinePlan(selecting: selection)
        let document = VerifyDocument(
            locks: verified,
            notLocked: planned.images.map(\.id).filter { id in
                verified.contains { lock in locks[lock.path]?.images[id] == nil }
            }, credentials: context.credentials.findings)
        context.console.result(
            options.json ? document.json.text : document.text(for: context.console))
        return document.exitCode
    }
}
