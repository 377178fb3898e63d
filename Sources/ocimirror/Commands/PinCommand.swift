// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import Lockfiles
internal import Pinning
internal import StrictJSON
internal import YAML

/// Digests from the lock into files.
struct PinCommand: ConfiguredCommand {
    var options = CommonOptions()
    var paths: [String] = []
    var lock = "images.lock.yaml"
    var root = "global.ocimirror"
    var rules: String?
    var registry = PinRegistry.mirror
    var rewrite = false
    var updateTags = false
    var diff = false
    var check = false
    var report: String?
    var was: String?
    var recordedRun: String?

    static let name = "pin"
    static let summary = "Writes the lock's digests into values files and manifests."
    static let discussion = """
        Works from the lock alone and asks nobody. It changes the bytes of the pins and no other, \
        proves that by parsing the result, and writes each file whole or not at all. What it \
        cannot pin it names, with the reason; pins.yaml and comments '# ocimirror: ID' help it. \
        An image with another tag than the lock's stays as it is, and the exit code is 1; \
        --update-tags writes the lock's tag too.
        """
    static let examples = [
        Example("ocimirror pin environments/dev", "every file in a folder"),
        Example("ocimirror pin --diff values.yaml", "show what would change, write nothing"),
        Example("ocimirror pin --check .", "exit with 1 if something would change"),
        Example(
            "ocimirror pin --update-tags environments/dev", "write the lock's versions as well"),
        Example(
            "ocimirror pin --report pr.md --run run.json environments/dev",
            "also write a pull request's body, with what a run's report knows"),
    ]
    static let parameters: [Parameter<PinCommand>] =
        [
            .positional("PATH", requiresOne: true, into: \.paths, help: "a file or a folder"),
            .option("--lock", nil, "FILE", into: \.lock, help: "the lock to take digests from"),
            .option("--root", nil, "KEYS", into: \.root, help: "where in the lock the images are"),
            .option("--rules", nil, "FILE", into: \.rules, help: "rules [default: pins.yaml]"),
            .option("--registry", into: \.registry, help: "the registry that the files use"),
            .flag("--rewrite", into: \.rewrite, help: "change references to the other registry"),
            .flag(
                "--update-tags", into: \.updateTags,
                help: "write the lock's tag where a file has another one"),
            .flag("--diff", into: \.diff, help: "write a patch to standard output, and no file"),
            .flag(
                "--check", into: \.check, help: "write nothing; exit with 1 if files would change"),
            .option(
                "--report", nil, "FILE.md", into: \.report, help: "write a pull request's body"),
            .option(
                "--was", nil, "FILE", into: \.was,
                help: "the previous lock, for the platforms that changed [default: git's]"),
            .option(
                "--run", nil, "FILE.json", into: \.recordedRun,
                help: "what 'sync --report' wrote, for the pull request's body"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        if diff, options.json {
            throw UsageError(["ocimirror", "pin"], .contradiction("--diff and --json: take one"))
        }
        if recordedRun != nil, report == nil {
            throw UsageError(["ocimirror", "pin"], .contradiction("--run is of use with --report"))
        }
        let rules = try PinInputs.rules(rules, in: context)
        let run = try recordedRun.map { path throws(ConfigurationFileError) in
            try PinInputs.recordedRun(path, in: context)
        }
        let newLock = try PinInputs.lock(lock, root: root, in: context)
        let pinner = Pinner(
            newLock, rules: rules, registry: registry, rewritesReferences: rewrite,
            updatesTags: updateTags)
        var inputs = PinFiles(paths, rules: rules, in: context)
        var files: [PinnedFile] = []
        for path in inputs.paths {
            try Task.checkCancellation()
            files.append(pin(path, pinner, &inputs, context))
        }
        files += inputs.problems.map { PinnedFile(path: $0.path, error: $0.reason) }
        files += inputs.skippedTemplates.map {
            PinnedFile(
                path: $0.path,
                skipped: "\($0.reason.message); whether it uses tags as versions is not known")
        }
        let document = PinDocument(lock: lock, files: files, isCheck: check, isDry: check || diff)
        if options.json {
            context.console.result(document.json.text)
        } else if diff {
            document.warn(on: context.console)
        } else {
            context.console.result(document.text(for: context.console))
        }
        // Last, so that a report that cannot be written leaves the result on standard output.
        if let report {
            let body = PullRequestBody(
                from: try await oldLock(in: context), to: newLock, files: files, run: run)
            try AtomicFile.replace(context.absolute(report), with: Array(body.text.utf8))
        }
        return document.exitCode
    }

    /// Pins one file; whatever goes wrong is said of it.
    private func pin(
        _ path: String, _ pinner: Pinner, _ inputs: inout PinFiles, _ context: ProgramContext
    ) -> PinnedFile {
        do throws(YAMLError) {
            let bytes = try inputs.read(path)
            var file = pinner.pin(bytes, path: path, reuse: inputs.reuse(beside: path))
            guard let new = file.newBytes else { return file }
            if diff {
                context.console.result(UnifiedDiff(path: path, from: bytes, to: new).text)
            } else if !check {
                do throws(YAMLError) {
                    try inputs.replace(path, bytes, with: new)
                } catch {
                    file.failToWrite(error)
                }
            }
            return file
        } catch {
            return PinnedFile(path: path, error: error)
        }
    }

    /// The lock before: the named one, or the one that git has; nil where there is none.
    private func oldLock(in context: ProgramContext) async throws -> Lockfile? {
        if let was { return try PinInputs.lock(was, root: root, in: context) }
        guard let bytes = try? await GitRevision("HEAD", in: context).read(lock) else { return nil }
        return try? Lockfile(parsing: bytes, root: root.split(separator: ".").map(String.init))
    }
}
