// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import Lockfiles
internal import Pinning
internal import StrictJSON
internal import TextSafety

/// What clean-up jobs must spare.
struct KeepListCommand: ConfiguredCommand {
    var options = CommonOptions()
    var locks: [String] = []
    var root = "global.ocimirror"

    static let name = "keep-list"
    static let summary = "Lists every digest that clean-up jobs must spare."
    static let discussion = """
        The index of each image and every manifest below it, as REPOSITORY@DIGEST, one on each line. \
        Name the locks of all environments.
        """
    static let examples = [
        Example("ocimirror export keep-list locks/dev.yaml locks/prod.yaml", "two environments")
    ]
    static let parameters: [Parameter<KeepListCommand>] =
        [
            .positional("LOCK", requiresOne: true, into: \.locks, help: "a lock"),
            .option("--root", nil, "KEYS", into: \.root, help: "where in the lock the images are"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let locks = try locks.map { try PinInputs.lock($0, root: root, in: context) }
        let text = LockExport.keepList(locks)
        guard options.json else {
            context.console.result(text)
            return .success
        }
        let document = ExportDocument(
            name: Self.name, lines: text.split(separator: "\n").map(String.init))
        context.console.result(document.json.text)
        return .success
    }
}

/// A component for overlays.
struct KustomizeCommand: ConfiguredCommand {
    var options = CommonOptions()
    var lock = "images.lock.yaml"
    var root = "global.ocimirror"

    static let name = "kustomize"
    static let summary = "Writes a component of kustomize that pins every image."
    static let examples = [
        Example(
            "ocimirror export kustomize > pins/kustomization.yaml", "list 'pins' under components")
    ]
    static let parameters: [Parameter<KustomizeCommand>] =
        [
            .option("--lock", nil, "FILE", into: \.lock, help: "the lock to take digests from"),
            .option("--root", nil, "KEYS", into: \.root, help: "where in the lock the images are"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let export = LockExport.kustomization(try PinInputs.lock(lock, root: root, in: context))
        if !export.ambiguous.isEmpty {
            let ids = export.ambiguous.map { UntrustedText($0).display }.joined(separator: ", ")
            context.console.warn(
                "left out: \(ids): kustomize tells images by name alone, not by tag")
        }
        context.console.result(
            options.json
                ? ExportDocument(
                    name: Self.name, lines: export.text.split(separator: "\n").map(String.init)
                ).json.text : export.text)
        return .success
    }
}

/// A chart's own values.
struct ChartValuesCommand: ConfiguredCommand {
    var options = CommonOptions()
    var map = ""
    var lock = "images.lock.yaml"
    var root = "global.ocimirror"

    static let name = "values"
    static let summary = "Writes the lock in the shape of a chart's own values."
    static let discussion = """
        A row of the map is 'loki.image: {id: loki, shape: digest}'; shapes are digest, sha, tag, \
        version and reference, and 'useDigest: true' adds that switch. List the result last among \
        the chart's values files.
        """
    static let examples = [
        Example("ocimirror export values loki.map.yaml > loki.pins.yaml", "for one chart")
    ]
    static let parameters: [Parameter<ChartValuesCommand>] =
        [
            .positional("MAP", into: \.map, help: "a file that says which value is which image"),
            .option("--lock", nil, "FILE", into: \.lock, help: "the lock to take digests from"),
            .option("--root", nil, "KEYS", into: \.root, help: "where in the lock the images are"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let lock = try PinInputs.lock(lock, root: root, in: context)
        let bytes = try BoundedFile.read(context.absolute(map), limit: 1 << 20)
        do throws(PinRulesError) {
            let text = try ChartValues(lock, map: bytes).text
            context.console.result(
                options.json
                    ? ExportDocument(
                        name: Self.name, lines: text.split(separator: "\n").map(String.init)
                    ).json.text : text)
        } catch {
            throw ConfigurationFileError(message: "\(UntrustedText(map)):\(error)")
        }
        return .success
    }
}
