// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import Lockfiles
internal import Pinning
internal import StrictJSON
internal import TextSafety

/// The command `export keep-list`.
struct KeepListCommand: ConfiguredCommand {
    var options = CommonOptions()
    var locks: [String] = []
    var root = "global.ocimirror"

    static let name = "keep-list"
    static let summary = "List the digests that retention policies must keep"
    static let discussion = """
        Lists the index of each image, its platform manifests and its referrers as REPOSITORY@DIGEST, \
        one per line. Pass the lock files of all environments.
        """
    static let examples = [
        Example(
            "ocimirror export keep-list locks/dev.yaml locks/prod.yaml",
            "list the digests of two environments")
    ]
    static let parameters: [Parameter<KeepListCommand>] =
        [
            .positional("LOCK", requiresOne: true, into: \.locks, help: "lock file"),
            .option(
                "--root", placeholder: "KEYS", into: \.root, help: "key path of the lock entries"),
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

/// The command `export kustomize`.
struct KustomizeCommand: ConfiguredCommand {
    var options = CommonOptions()
    var lock = "images.lock.yaml"
    var root = "global.ocimirror"

    static let name = "kustomize"
    static let summary = "Generate a kustomize component that pins all images"
    static let examples = [
        Example(
            "ocimirror export kustomize > pins/kustomization.yaml",
            "then add 'pins' to components in kustomization.yaml")
    ]
    static let parameters: [Parameter<KustomizeCommand>] =
        [
            .option("--lock", placeholder: "FILE", into: \.lock, help: "lock file"),
            .option(
                "--root", placeholder: "KEYS", into: \.root, help: "key path of the lock entries"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let export = LockExport.kustomization(try PinInputs.lock(lock, root: root, in: context))
        if !export.ambiguous.isEmpty {
            let ids = export.ambiguous.map { UntrustedText($0).display }.joined(separator: ", ")
            context.console.warn(
                "skipped: \(ids): kustomize matches images by name, not by tag")
        }
        context.console.result(
            options.json
                ? ExportDocument(
                    name: Self.name, lines: export.text.split(separator: "\n").map(String.init)
                ).json.text : export.text)
        return .success
    }
}

/// The command `export values`.
struct ChartValuesCommand: ConfiguredCommand {
    var options = CommonOptions()
    var map = ""
    var lock = "images.lock.yaml"
    var root = "global.ocimirror"

    static let name = "values"
    static let summary = "Generate values in the structure of a chart"
    static let discussion = """
        An entry of the map is 'loki.image: {id: loki, shape: digest}'. Shapes are digest, sha, tag, \
        version and reference; 'useDigest: true' adds that key. Pass the result to Helm after all \
        other values files.
        """
    static let examples = [
        Example(
            "ocimirror export values loki.map.yaml > loki.pins.yaml",
            "generate values for one chart")
    ]
    static let parameters: [Parameter<ChartValuesCommand>] =
        [
            .positional("MAP", into: \.map, help: "file that maps values to image ids"),
            .option("--lock", placeholder: "FILE", into: \.lock, help: "lock file"),
            .option(
                "--root", placeholder: "KEYS", into: \.root, help: "key path of the lock entries"),
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

/// The result of `export` as JSON.
struct ExportDocument {
    let name: String
    let lines: [String]

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "export",
            "exitCode": 0,
            "export": .string(name),
            "lines": .strings(lines),
        ]
    }
}
