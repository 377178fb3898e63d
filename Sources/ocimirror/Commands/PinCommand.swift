// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import Lockfiles
internal import Pinning
internal import StrictJSON
internal import YAML

/// The command `pin`.
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
    var previousLock: String?
    var runReport: String?
    var previousRun: String?
    var explain = false

    static let name = "pin"
    static let summary = "Write the lock file's digests into values files and manifests"
    static let discussion = """
        Makes no requests: all digests come from the lock file. Only the pins in a file are changed; the \
        result is parsed to verify this, and each file is replaced atomically. Images that cannot be \
        pinned are listed with the reason; rules in pins.yaml and comments '# ocimirror: ID' identify \
        them. If the tag of an image differs from the lock file, the image is not changed and the exit \
        code is 1; with --update-tags the tag is written too. --explain lists every reference with the \
        decision and its reason.
        """
    static let examples = [
        Example("ocimirror pin environments/dev", "pin all files in a directory"),
        Example("ocimirror pin --diff values.yaml", "show changes without writing"),
        Example("ocimirror pin --explain values.yaml", "show what is pinned, what is not, and why"),
        Example("ocimirror pin --check .", "exit with 1 if files would change"),
        Example("ocimirror pin --update-tags environments/dev", "update tags and digests"),
        Example(
            "ocimirror pin --report pr.md --run run.json environments/dev",
            "also write a pull request body, with details from a sync report"),
    ]
    static let parameters: [Parameter<PinCommand>] =
        [
            .positional("PATH", requiresOne: true, into: \.paths, help: "file or directory"),
            .option("--lock", placeholder: "FILE", into: \.lock, help: "lock file"),
            .option(
                "--root", placeholder: "KEYS", into: \.root, help: "key path of the lock entries"),
            .option(
                "--rules", placeholder: "FILE", into: \.rules,
                help: "pin rules [default: pins.yaml]"),
            .option("--registry", into: \.registry, help: "registry to write"),
            .flag(
                "--rewrite", into: \.rewrite,
                help: "also rewrite references to the other registry"),
            .flag(
                "--update-tags", into: \.updateTags,
                help: "also update tags that differ from the lock file"),
            .flag(
                "--diff", into: \.diff, help: "write a patch to standard output instead of files"),
            .flag(
                "--check", into: \.check, help: "write nothing; exit with 1 if files would change"),
            .flag(
                "--explain", into: \.explain,
                help: "write nothing; list every reference, the decision and the reason"),
            .option(
                "--report", placeholder: "FILE.md", into: \.report,
                help: "write a pull request body"),
            .option(
                "--previous-lock", placeholder: "FILE", into: \.previousLock,
                help: "lock file to compare platforms with [default: git's HEAD]"),
            .option(
                "--run", placeholder: "FILE.json", into: \.runReport,
                help: "report of 'sync --report' for the pull request body"),
            .option(
                "--previous-run", placeholder: "FILE.json", into: \.previousRun,
                help: "report of the previous run, for links to changes"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        try checkOptions()
        let rules = try PinInputs.rules(rules, in: context)
        let runs = try [runReport, previousRun].map { path throws(ConfigurationFileError) in
            try path.map { path throws(ConfigurationFileError) in
                try PinInputs.recordedRun(path, in: context)
            }
        }
        let newLock = try PinInputs.lock(lock, root: root, in: context)
        let pinner = Pinner(
            newLock, rules: rules, registry: registry, rewritesReferences: rewrite,
            updatesTags: updateTags)
        var inputs = PinFiles(paths, rules: rules, in: context)
        var files: [PinnedFile] = []
        for path in inputs.paths {
            try Task.checkCancellation()
            let file = pin(path, with: pinner, reading: &inputs, in: context)
            if !inputs.isUnneeded(file) { files.append(file) }
        }
        try pinAgain(&files, with: pinner, reading: &inputs, in: context)
        files += inputs.problems.map { PinnedFile(path: $0.path, error: $0.reason) }
        files += inputs.skippedFiles.map {
            PinnedFile(
                path: $0.path,
                skipped: "\($0.reason.message); \($0.consequence)")
        }
        let document = PinDocument(
            lock: lock, files: files, isCheck: check, isDry: check || diff || explain)
        if options.json {
            context.console.result(document.json.text)
        } else if diff {
            document.warn(on: context.console)
        } else if explain {
            context.console.result(PinExplanation(document).text(for: context.console))
        } else {
            context.console.result(document.text(for: context.console))
        }
        // The report is written last, so that a failure does not suppress the result on standard
        // output.
        if let report {
            let body = PullRequestBody(
                from: try await oldLock(in: context), to: newLock, files: files, run: runs[0],
                previousRun: runs[1])
            try AtomicFile.replace(context.absolute(report), with: Array(body.text.utf8))
        }
        return document.exitCode
    }

    private func checkOptions() throws(UsageError) {
        let path = ["ocimirror", "pin"]
        if diff, options.json || explain {
            throw UsageError(
                path,
                .contradiction(
                    "--diff and \(explain ? "--explain" : "--json") are mutually exclusive"))
        }
        for (option, value) in [("--run", runReport), ("--previous-run", previousRun)]
        where value != nil && report == nil {
            throw UsageError(path, .contradiction("\(option) requires --report"))
        }
    }

    /// Pins a file, and writes it unless a change of another file can add pins to it.
    ///
    /// Errors become part of the result.
    private func pin(
        _ path: String, with pinner: Pinner, reading inputs: inout PinFiles,
        in context: ProgramContext
    ) -> PinnedFile {
        do throws(YAMLError) {
            let bytes = try inputs.read(path)
            let file = pinner.pin(bytes, path: path, context: inputs.context(of: path))
            guard let new = file.newBytes else { return file }
            inputs.update(path, to: new)
            return file.dependsOnOtherImages
                ? file : write(file, over: bytes, using: inputs, in: context)
        } catch {
            return PinnedFile(path: path, error: error)
        }
    }

    /// Pins and writes the files in which images depend on others after all other files, whose changes can
    /// give these images tags and digests of their own.
    private func pinAgain(
        _ files: inout [PinnedFile], with pinner: Pinner, reading inputs: inout PinFiles,
        in context: ProgramContext
    ) throws {
        let pending = files.indices.filter { files[$0].dependsOnOtherImages }
        var isChanged = files.contains { $0.newBytes != nil }
        for _ in 0..<Self.roundLimit where isChanged {
            isChanged = false
            inputs.readReleasesAgain()
            for index in pending {
                try Task.checkCancellation()
                let path = files[index].path
                do throws(YAMLError) {
                    let bytes = try inputs.read(path)
                    let file = pinner.pin(bytes, path: path, context: inputs.context(of: path))
                    isChanged = isChanged || file.newBytes != files[index].newBytes
                    if let new = file.newBytes { inputs.update(path, to: new) }
                    files[index] = file
                } catch {
                    files[index] = PinnedFile(path: path, error: error)
                }
            }
        }
        for index in pending where files[index].newBytes != nil {
            do throws(YAMLError) {
                let bytes = try inputs.read(files[index].path)
                files[index] = write(files[index], over: bytes, using: inputs, in: context)
            } catch {
                files[index].failToWrite(error)
            }
        }
    }

    /// The maximum number of times that files in which images depend on others are pinned again.
    private static let roundLimit = 32

    /// Writes a file, or its differences, unless the run is only a check.
    private func write(
        _ file: PinnedFile, over bytes: [UInt8], using inputs: PinFiles,
        in context: ProgramContext
    ) -> PinnedFile {
        guard let new = file.newBytes else { return file }
        var file = file
        if diff {
            context.console.result(UnifiedDiff(path: file.path, from: bytes, to: new).text)
        } else if !check, !explain {
            do throws(YAMLError) {
                try inputs.replace(file.path, bytes, with: new)
            } catch {
                file.failToWrite(error)
            }
        }
        return file
    }

    /// Returns the previous lock file: that of `--previous-lock`, else that of git's HEAD, else
    /// `nil`.
    private func oldLock(in context: ProgramContext) async throws -> Lockfile? {
        if let previousLock {
            return try PinInputs.lock(previousLock, root: root, in: context)
        }
        guard let bytes = try? await GitRevision("HEAD", in: context).read(lock) else { return nil }
        return try? Lockfile(parsing: bytes, root: PinInputs.keys(ofRoot: root))
    }
}
