// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Lockfiles
internal import Mirroring
internal import OCI
internal import StrictJSON
internal import TextSafety

/// The mirror compared with its locks.
struct VerifyCommand: ConfiguredCommand {
    var options = CommonOptions()
    var ids: [String] = []
    var checksSource = false
    var repairs = false

    static let name = "verify"
    static let summary = "Compares the mirror with its locks: tags, manifests, blobs."
    static let discussion = """
        Walks from each lock to its target and asks for every tag, index, platform, configuration, \
        layer and referrer. Nothing is fetched but manifests, and nothing is written unless --repair is given: \
        then what a target has lost is brought there again, at the digest that the lock pins. With \
        --auth-file the mirror is read with the credentials of that file alone, as a cluster does with a \
        pull secret: what it refuses is found here first.
        """
    static let examples = [
        Example("ocimirror verify", "is everything that the locks pin still there?"),
        Example("ocimirror verify 'redis-*' --json", "some images, for a script"),
        Example("ocimirror verify --source", "and have version tags moved upstream?"),
        Example("ocimirror verify --repair", "bring back what a clean-up job took away"),
        Example(
            "ocimirror verify --auth-file pull-secret.json",
            "can a cluster with this secret pull it all?"),
    ]
    static let parameters: [Parameter<VerifyCommand>] =
        [
            .positional("ID", into: \.ids, help: "an id, a name or a glob; everything if left out"),
            .flag(
                "--source", into: \.checksSource, help: "ask upstream too whether tags have moved"),
            .flag("--repair", into: \.repairs, help: "bring to the targets what they have lost"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let file = try ConfigurationFile(options.config, in: context)
        if options.authFile != nil, repairs || checksSource {
            throw UsageError(
                ["ocimirror", "verify"],
                .contradiction(
                    "--auth-file reads the mirror as a cluster does, so it goes with neither "
                        + "--repair nor --source"))
        }
        let held = try repairs ? HeldFileLocks(file.config) : nil
        defer { withExtendedLifetime(held) {} }
        if let held, !held.isComplete {
            context.console.error(held.complaint, hint: "run again later")
            return .tryAgain
        }
        // Another run may have written them between our first look and the hold.
        let locks = try file.locksNow()
        let stores = try Network.stores(
            registries: file.config.registries, options: options, context: context,
            onlyAuthFile: options.authFile != nil)
        let progress = RunProgress()
        var verifier = Verifier(
            stores: stores, config: file.config, today: context.today, checksSource: checksSource,
            progress: progress)
        if repairs { verifier = verifier.repairing(from: locks, jobs: options.jobs) }
        let selection = IDSelection(ids)
        var verified: [VerifyDocument.VerifiedLock] = []
        for target in file.config.targets {
            guard let path = target.lock else { continue }
            guard let lock = locks[path] else {
                throw ConfigurationFileError(
                    message: "cannot read '\(context.shown(path))': there is no lock yet",
                    hint: "run 'ocimirror sync' first")
            }
            let names = lock.images.map { (id: $0.key, name: $0.value.repository.lastComponent) }
            if let word = selection.unmatched(among: names).first {
                throw UsageError(
                    ["ocimirror"],
                    .invalidValue(
                        of: "ID", UntrustedText(word), reason: "selects no image of the lock",
                        suggestion: Suggestion.nearest(to: word, among: lock.images.keys.sorted())))
            }
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
        let document = VerifyDocument(
            locks: verified, credentials: context.credentials.findings)
        context.console.result(
            options.json ? document.json.text : document.text(for: context.console))
        return document.exitCode
    }
}
