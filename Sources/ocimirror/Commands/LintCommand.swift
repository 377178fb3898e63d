// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Pinning
internal import StrictJSON
internal import TextSafety
internal import YAML

/// The command `lint`.
struct LintCommand: ConfiguredCommand {
    /// The output format.
    enum Format: String, CaseIterable, Sendable, ArgumentValue {
        case text
        case json
        case sarif
        case github
    }

    var options = CommonOptions()
    var paths: [String] = []
    var layers: [String] = []
    var lock: String?
    var root = "global.ocimirror"
    var rules: String?
    var registry = PinRegistry.mirror
    var format = Format.text

    static let name = "lint"
    static let summary = "Lint image pins in values files and manifests"
    static let discussion = """
        Exits with 1 if a finding is an error; pins.yaml can change the severities. Without a lock file, only \
        rules that do not need one are checked. With --layers, values files are also checked in the \
        order in which Helm merges them.
        """
    static let examples = [
        Example("ocimirror lint environments", "lint all files in a directory"),
        Example(
            "ocimirror lint --layers values.yaml,values.dev.yaml",
            "find digests that are inherited although the image changed"),
        Example("ocimirror lint --format github .", "write annotations for GitHub Actions"),
    ]
    static let parameters: [Parameter<LintCommand>] =
        [
            .positional("PATH", into: \.paths, help: "file or directory"),
            .option(
                "--layers", placeholder: "FILE,…", into: \.layers,
                help: "values files in the order in which Helm merges them"),
            .option(
                "--lock", placeholder: "FILE", into: \.lock,
                help: "lock file [default: images.lock.yaml]"),
            .option(
                "--root", placeholder: "KEYS", into: \.root, help: "key path of the lock entries"),
            .option(
                "--rules", placeholder: "FILE", into: \.rules,
                help: "pin rules [default: pins.yaml]"),
            .option(
                "--registry", into: \.registry,
                help: "registry that the files are expected to use"),
            .option("--format", into: \.format, help: "output format"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        guard !paths.isEmpty || !layers.isEmpty else {
            throw UsageError(
                ["ocimirror", "lint"], .missingArgument("PATH", help: "file or directory"))
        }
        let rules = try PinInputs.rules(rules, in: context)
        let path = try lock ?? PinInputs.defaultLock(in: context)
        let lock = try path.map { path throws(ConfigurationFileError) in
            try PinInputs.lock(path, root: root, in: context)
        }
        let linter = Linter(lock, rules: rules, registry: registry)
        let chains = layers.map { chain in
            chain.split(separator: ",").map {
                YAMLFiles.location(of: String($0), from: context.currentDirectory)
            }
        }
        var inputs = PinFiles(paths + chains.flatMap(\.self), rules: rules, in: context)
        let jobs = inputs.paths.map { (name: $0, context: inputs.context(of: $0)) }
        var files = try await lint(jobs, with: linter, reading: inputs)
        for chain in chains {
            var merged = Layers(rules: rules)
            for name in chain {
                // A file that cannot be read already has an error.
                guard let bytes = try? inputs.read(name) else { continue }
                let findings = merged.add(bytes, path: name)
                guard let index = files.firstIndex(where: { $0.path == name }) else { continue }
                files[index].findings.removeAll(where: merged.resolves)
                files[index].findings += findings
            }
        }
        files += inputs.problems.map { LintedFile(path: $0.path, error: $0.reason) }
        for file in inputs.skippedFiles {
            context.console.warn(
                "\(UntrustedText(file.path).display(limit: 200)): \(file.reason.message); "
                    + file.consequence)
        }
        let document = LintDocument(lock: path, files: files)
        switch options.json ? .json : format {
        case .text: context.console.result(document.text(for: context.console))
        case .json: context.console.result(document.json.text)
        case .sarif:
            context.console.result(LintFormats.sarif(files, version: Program.version).text)
        case .github: context.console.result(LintFormats.github(files))
        }
        return document.exitCode
    }

    private func lint(
        _ jobs: [(name: String, context: FileContext)], with linter: Linter,
        reading inputs: PinFiles
    ) async throws -> [LintedFile] {
        try await withThrowingTaskGroup(of: (Int, LintedFile).self) { group in
            for (number, job) in jobs.enumerated() {
                group.addTask {
                    try Task.checkCancellation()
                    do throws(YAMLError) {
                        let bytes = try inputs.read(job.name)
                        return (number, linter.lint(bytes, path: job.name, context: job.context))
                    } catch {
                        return (number, LintedFile(path: job.name, error: error))
                    }
                }
            }
            var files: [(Int, LintedFile)] = []
            for try await file in group { files.append(file) }
            return files.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
