// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import Mirroring
internal import Pinning
internal import StrictJSON
internal import TextSafety
internal import YAML

/// A first `mirror.yaml`, perhaps with the images that values files use.
struct InitCommand: ConfiguredCommand {
    var options = CommonOptions()
    var prefix = "ghcr.io/owner/mirror"
    var values: [String] = []
    var paths: [String] = []
    var rules: String?

    static let name = "init"
    static let summary = "Writes a first mirror.yaml, with comments."
    static let discussion = """
        A file that is there is never overwritten. With --from-values the images are those that \
        values files and manifests use, each with the place where it was found; what cannot be known \
        from the files, such as a chart's default tag, is named. No registry is asked.
        """
    static let examples = [
        Example("ocimirror init --prefix ghcr.io/owner/mirror", "with an example to change"),
        Example(
            "ocimirror init --from-values environments charts/web/values.yaml",
            "with what these use"),
    ]
    static let parameters: [Parameter<InitCommand>] =
        [
            .option(
                "--prefix", nil, "PREFIX", into: \.prefix, help: "below it the images will lie"),
            .option(
                "--from-values", nil, "PATH", into: \.values,
                help: "take the images from this file or folder"),
            .positional("PATH", into: \.paths, help: "further files or folders for --from-values"),
            .option("--rules", nil, "FILE", into: \.rules, help: "rules [default: pins.yaml]"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        if values.isEmpty, let path = paths.first {
            throw UsageError(["ocimirror", "init"], .unexpectedArgument(UntrustedText(path)))
        }
        let path = context.absolute(options.config)
        let shown = context.shown(path)
        guard try FileStatus.of(path) == nil else { return isThere(shown, in: context) }
        var first = ConfigurationScaffold(prefix: prefix)
        var files: Int?
        var unread = 0
        if !values.isEmpty {
            let found = try collect(in: context)
            first = ConfigurationScaffold(prefix: prefix, used: found.used)
            files = found.files
            unread = found.unread
            guard !first.images.isEmpty else {
                for omission in first.omissions { context.console.warn(omission.line) }
                context.console.error(
                    "no image was found in \(counted(found.files, "file"))",
                    hint: "leave --from-values out for an example")
                return unread > 0 ? .failure : .negative
            }
        }
        first.schema = Self.installedSchema()
        let text = Array(first.text.utf8)
        try check(text, in: context)
        guard try AtomicFile.create(path, with: text) else { return isThere(shown, in: context) }
        let document = InitDocument(
            path: path, shownPath: shown, images: max(first.images.count, 1), files: files,
            unreadFiles: unread, omissions: first.omissions)
        document.warn(on: context.console)
        context.console.result(options.json ? document.json.text : document.text)
        return document.exitCode
    }

    private func isThere(_ shown: String, in context: ProgramContext) -> ExitCode {
        context.console.error(
            "\(shown) is there already", hint: "name another file with --config")
        return .failure
    }

    /// Where 'make install' has put the schema, for editors; nil for a program that is not installed.
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
        let inputs = PinFiles(values + paths, rules: rules, in: context)
        var used = UsedImages(rules: rules)
        var unread = inputs.problems.count
        for problem in inputs.problems { used.omit(problem.path, problem.reason) }
        for path in inputs.paths {
            try Task.checkCancellation()
            do throws(YAMLError) {
                try used.add(try inputs.read(path), path: path)
            } catch {
                unread += 1
                used.omit(path, error)
            }
        }
        return (used, inputs.paths.count, unread)
    }

    /// What is written has to be what every other command accepts.
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
                    of: "--prefix", UntrustedText(prefix), reason: problem.message, suggestion: nil)
            )
        }
    }
}
