// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Locking
internal import Mirroring
internal import OCI
internal import StrictJSON
internal import Wording

/// The mirror compared with its locks.
struct VerifyCommand: ConfiguredCommand {
    var options = CommonOptions()
    var ids: [String] = []

    static let name = "verify"
    static let summary = "Compares the mirror with its locks: tags, manifests, blobs."
    static let discussion = """
        Walks from each lock to its target and asks for every tag, index, platform, configuration \
        and layer. Nothing is fetched but manifests, and nothing is written.
        """
    static let examples = [
        Example("ocimirror verify", "is everything that the locks pin still there?"),
        Example("ocimirror verify 'redis-*' --json", "some images, for a script"),
    ]
    static let parameters: [Parameter<VerifyCommand>] =
        [.positional("ID", into: \.ids, help: "an id, a name or a glob; everything if left out")]
        + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let file = try ConfigFile(options.config, in: context)
        let stores = try Network.stores(
            registries: file.config.registries, options: options, context: context)
        let selection = IDSelection(ids)
        var verified: [VerifyDocument.VerifiedLock] = []
        for target in file.config.targets {
            guard let path = target.lock else { continue }
            guard let lock = file.locks[path] else {
                throw ConfigFileError(
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
                    images: try await Verifier(stores: stores, config: file.config)
                        .verify(images)))
        }
        let document = VerifyDocument(locks: verified)
        context.console.result(
            options.json ? document.json.text : document.text(for: context.console))
        return document.exitCode
    }
}
