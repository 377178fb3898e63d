// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Pinning
internal import StrictJSON
internal import TextSafety
internal import YAML

/// The gate for pins.
struct LintCommand: ConfiguredCommand {
    /// What the findings are written as.
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
    static let summary = "Judges the pins in values files and manifests."
    static let discussion = """
        Exits with 1 where a finding is an error; pins.yaml changes severities. Without a lock, only \
        what the files say by themselves is judged. With --layers, values files are also looked at \
        in the order in which Helm merges them.
        """
    static let examples = [
        Example("ocimirror lint environments", "every file in a folder"),
        Example(
            "ocimirror lint --layers values.yaml,values.dev.yaml",
            "does a layer change an image and inherit its digest?"),
        Example("ocimirror lint --format github .", "annotations in a workflow"),
    ]
    static let parameters: [Parameter<LintCommand>] =
        [
            .positional("PATH", into: \.paths, help: "a file or a folder"),
            .option(
                "--layers", nil, "FILE,…", into: \.layers, help: "files that are merged, in order"),
            .option(
                "--lock", nil, "FILE", into: \.lock, help: "a lock [default: images.lock.yaml]"),
            .option("--root", nil, "KEYS", into: \.root, help: "where in the lock the images are"),
            .option("--rules", nil, "FILE", into: \.rules, help: "rules [default: pins.yaml]"),
            .option("--registry", into: \.registry, help: "the registry that the files use"),
            .option("--format", into: \.format, help: "what the findings are written as"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        guard !paths.isEmpty || !layers.isEmpty else {
            throw UsageError(
                ["ocimirror", "lint"], .missingArgument("PATH", help: "a file or a folder"))
        }
        let rules = try PinInputs.rules(rules, in: context)
        let path = try lock ?? PinInputs.usualLock(in: context)
        let lock = try path.map { path throws(ConfigurationFileError) in
            try PinInputs.lock(path, root: root, in: context)
        }
        let linter = Linter(lock, rules: rules, registry: registry)
        let chains = layers.map { $0.split(separator: ",").map(String.init) }
        var inputs = PinFiles(paths + chains.flatMap(\.self), rules: rules, in: context)
        let jobs = inputs.paths.map { (name: $0, reuse: inputs.reuse(beside: $0)) }
        var files = try await lint(jobs, linter, inputs)
        for chain in chains {
            var merged = Layers(rules: rules)
            for name in chain {
                // What cannot be read has been said of the file itself.
                guard let bytes = try? inputs.read(name) else { continue }
                let findings = merged.add(bytes, path: name)
                guard let index = files.firstIndex(where: { $0.path == name }) else { continue }
                files[index].findings.removeAll(where: merged.resolves)
                files[index].findings += findings
            }
        }
        files += inputs.problems.map { LintedFile(path: $0.path, error: $0.reason) }
        for template in inputs.skippedTemplates {
            context.console.warn(
                "\(UntrustedText(template.path).display(limit: 200)): \(template.reason.message); "
                    + "whether it uses tags as versions is not known")
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
        _ jobs: [(name: String, reuse: TagReuse)], _ linter: Linter, _ inputs: PinFiles
    ) async throws -> [LintedFile] {
        try await withThrowingTaskGroup(of: (Int, LintedFile).self) { group in
            for (number, job) in jobs.enumerated() {
                group.addTask {
                    try Task.checkCancellation()
                    do throws(YAMLError) {
                        let bytes = try inputs.read(job.name)
                        return (number, linter.lint(bytes, path: job.name, reuse: job.reuse))
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
