// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import Mirroring
internal import Pinning
internal import StrictJSON
internal import TextSafety
internal import YAML

/// The command `init`.
struct InitCommand: ConfiguredCommand {
    var options = CommonOptions()
    var prefix: String?
    var values: [String] = []
    var paths: [String] = []
    var rules: String?

    /// The prefix of the example if none is given.
    private static let examplePrefix = "ghcr.io/owner/mirror"

    static let name = "init"
    static let summary = "Create a commented mirror.yaml"
    static let discussion = """
        Makes no requests, and never overwrites an existing file. With --from-values, the file lists the \
        images that values files and manifests use, each with the location where it was found. Images \
        that the files do not fully determine, such as those with the default tag of a chart, are \
        reported as warnings. Directories of tests and examples are omitted.
        """
    static let examples = [
        Example("ocimirror init --prefix ghcr.io/owner/mirror", "create an example configuration"),
        Example(
            "ocimirror init --from-values environments charts/web/values.yaml",
            "list the images that these files use"),
    ]
    static let parameters: [Parameter<InitCommand>] =
        [
            .option(
                "--prefix", placeholder: "PREFIX", into: \.prefix,
                help: "target registry and path for all images [default: \(examplePrefix)]"),
            .option(
                "--from-values", placeholder: "PATH", into: \.values,
                help: "collect images from this file or directory"),
            .positional("PATH", into: \.paths, help: "more files or directories for --from-values"),
            .option(
                "--rules", placeholder: "FILE", into: \.rules,
                help: "pin rules [default: pins.yaml]"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        if values.isEmpty, let path = paths.first {
            throw UsageError(["ocimirror", "init"], .unexpectedArgument(UntrustedText(path)))
        }
        let path = context.absolute(options.config)
        let shown = context.shown(path)
        guard try FileStatus.of(path) == nil else { return failExisting(shown, in: context) }
        let prefix = self.prefix ?? Self.examplePrefix
        var scaffold = ConfigurationScaffold(prefix: prefix)
        var files: Int?
        var unread = 0
        if !values.isEmpty {
            let found = try collect(in: context)
            scaffold = ConfigurationScaffold(prefix: prefix, used: found.used)
            files = found.files
            unread = found.unread
            guard scaffold.images.contains(where: { !$0.isPlaceholder }) else {
                for omission in scaffold.omissions { context.console.warn(omission.line) }
                context.console.error(
                    "no images found in \(counted(found.files, "file"))",
                    hint: "omit --from-values to create an example configuration")
                return unread > 0 ? .failure : .negative
            }
        }
        scaffold.schema = Self.installedSchema()
        let text = Array(scaffold.text.utf8)
        try check(text, in: context)
        guard try AtomicFile.create(path, with: text) else {
            return failExisting(shown, in: context)
        }
        let document = InitDocument(
            path: path, shownPath: shown,
            images: max(scaffold.images.count { !$0.isPlaceholder }, 1), files: files,
            unreadFiles: unread, omissions: scaffold.omissions)
        document.warn(on: context.console)
        context.console.result(options.json ? document.json.text : document.text)
        context.console.note(nextStep)
        return document.exitCode
    }

    /// The next commands, for the same configuration file.
    private var nextStep: String {
        let file =
            options.config == CommonOptions().config
            ? "" : " -c \(Self.shellWord(options.config))"
        return (prefix == nil ? "set the prefix of the targets, then " : "")
            + "run 'ocimirror doctor\(file)' to test the registries, and 'ocimirror sync\(file)'"
    }

    /// Returns a file name as one word of a command line within single quotes.
    private static func shellWord(_ name: String) -> String {
        let shown = UntrustedText(name).display
        let isPlain = shown.unicodeScalars.allSatisfy { scalar in
            scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                || "._-/+,@%:".unicodeScalars.contains(scalar)
        }
        guard !isPlain else { return shown }
        let special: [Character] = ["\\", "\"", "$", "`"]
        return "\"" + shown.flatMap { special.contains($0) ? ["\\", $0] : [$0] } + "\""
    }

    private func failExisting(_ shown: String, in context: ProgramContext) -> ExitCode {
        context.console.error(
            "\(shown) already exists", hint: "choose another file with --config")
        return .failure
    }

    /// Returns the path of the JSON schema that `make install` installs, or `nil` if it is not
    /// installed.
    private static func installedSchema() -> String? {
        guard let program = CurrentProcess.programPath() else { return nil }
        let prefix = Path.directory(of: Path.directory(of: program))
        let schema = "\(prefix)/share/ocimirror/mirror.schema.json"
        return (try? FileStatus.of(schema))?.kind == .regular ? schema : nil
    }

    private func collect(
        in context: ProgramContext
    ) throws -> (used: UsedImages, files: Int, unread: Int) {
        let rules = try PinInputs.rules(rules, in: context)
        var inputs = PinFiles(values + paths, rules: rules, in: context, omitsTests: true)
        var used = UsedImages(rules: rules)
        var unread = inputs.problems.count
        for problem in inputs.problems { used.omit(problem.path, problem.reason) }
        for directory in inputs.omitted {
            used.omit(
                directory, at: YAMLMark(line: 1, column: 1),
                because: "tests and examples are omitted: to include them, give this path")
        }
        for path in inputs.paths {
            try Task.checkCancellation()
            do throws(YAMLError) {
                let bytes = try inputs.read(path)
                for dependency in inputs.missingDependencies(of: path, bytes) {
                    used.omit(path, at: dependency.mark, because: dependency.missingReason)
                }
                try used.add(bytes, path: path, context: inputs.context(of: path))
            } catch {
                unread += 1
                used.omit(path, error)
            }
        }
        return (used, inputs.paths.count, unread)
    }

    /// Validates the new configuration with the loader that all commands use.
    private func check(_ text: [UInt8], in context: ProgramContext) throws {
        let loader = ConfigurationLoader(
            file: options.config,
            environment: context.environment.givingValues(toVariablesIn: text),
            baseDirectory: Path.directory(of: context.absolute(options.config)))
        do {
            _ = try loader.load(text: text)
        } catch {
            guard let problem = error.diagnostics.first else { throw error }
            let isPrefix = error.diagnostics.contains { $0.message.hasPrefix("prefix:") }
            guard isPrefix else { throw error }
            throw UsageError(
                ["ocimirror", "init"],
                .invalidValue(
                    of: "--prefix", UntrustedText(prefix ?? ""), reason: problem.message,
                    suggestion: nil))
        }
    }
}

/// The result of `init` as text and JSON.
struct InitDocument {
    let path: String
    let shownPath: String
    /// The number of images in the new configuration.
    let images: Int
    /// The number of files read, or `nil` without `--from-values`.
    let files: Int?
    /// The number of files that could not be read.
    let unreadFiles: Int
    let omissions: [UsedImages.Omission]

    /// The exit code, which is 2 if a file could not be read.
    var exitCode: ExitCode { unreadFiles > 0 ? .failure : .success }

    var text: String {
        let source = files.map { " from \(counted($0, "file"))" } ?? ""
        let rest = unreadFiles > 0 ? ", \(unreadFiles) not read" : ""
        return "\(shownPath) written, \(counted(images, "image"))\(source)\(rest)\n"
    }

    /// Writes a warning for each omitted image.
    func warn(on console: Console) {
        for omission in omissions { console.warn(omission.line) }
    }

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "init",
            "exitCode": .integer(Int(exitCode.rawValue)),
            "path": .string(path),
            "images": .integer(images),
            "omitted": .array(
                omissions.map {
                    ["location": .string($0.location), "reason": .string($0.shownReason)]
                }),
        ]
    }
}

extension ChartDependencies.Dependency {
    /// The reason for which the images of the subchart are not listed.
    fileprivate var missingReason: String {
        let version = version.isEmpty ? "" : " \(UntrustedText(version).display(limit: 100))"
        return
            "the subchart '\(UntrustedText(name).display(limit: 100))'\(version) is not unpacked in "
            + "'charts': its images are not listed"
    }
}

extension UsedImages.Omission {
    fileprivate var location: String {
        "\(UntrustedText(use.file).display(limit: 200)):\(use.mark)"
    }

    /// The location and the reason.
    var line: String { "\(location): \(shownReason)" }

    fileprivate var shownReason: String { UntrustedText(reason).display(limit: 400) }
}
