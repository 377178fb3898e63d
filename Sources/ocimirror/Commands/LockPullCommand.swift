// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Files
internal import Lockfiles
internal import Mirroring
internal import OCI
internal import Registry
internal import StrictJSON
internal import TextSafety

/// The command `lock pull`.
struct LockPullCommand: ConfiguredCommand {
    var options = CommonOptions()
    var reference = ""
    var output: String?
    var root: String?
    var mayBeMissing = false

    static let name = "pull"
    static let summary = "Download a published lock file"
    static let discussion = """
        Reads the lock file that a target with 'publishLock: true' publishes, at the tag latest or the \
        tag of a shard, such as 2-of-3. The file is checked before it is written, and an invalid file is \
        replaced. Without --output, it is printed.
        """
    static let examples = [
        Example(
            "ocimirror lock pull --output images.lock.yaml ghcr.io/owner/mirror/images.lock:latest",
            "update the file if the published one differs")
    ]
    static let parameters: [Parameter<LockPullCommand>] =
        [
            .positional(
                "REFERENCE", into: \.reference, help: "published lock file, with a tag or digest"),
            .option("--output", placeholder: "FILE", into: \.output, help: "lock file to write"),
            .option(
                "--root", placeholder: "KEYS", into: \.root,
                help:
                    "key path of the lock entries [default: 'root' of the target in mirror.yaml, else "
                    + "global.ocimirror]"),
            .flag(
                "--if-present", into: \.mayBeMissing,
                help: "succeed without writing if it was not published yet"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let reference = try usage("REFERENCE", reference, Reference.init(parsing:))
        if options.json, output == nil {
            throw UsageError(
                ["ocimirror", "lock", "pull"], .contradiction("--json needs --output"))
        }
        let name = try self.name(in: reference)
        let file = try ConfigurationFile.present(options.config, in: context)
        let registries = file?.configuration.registries ?? [:]
        let stores = try await Network(
            to: [reference.repository.registry], registries, options, in: context,
            retryMode: .attended
        ).stores()
        let store = try stores.store(at: .repository(reference.repository))
        guard let (digest, bytes) = try await LockArtifact.read(name, from: store) else {
            let message = "published lock file not found: \(reference)"
            guard !mayBeMissing else {
                context.console.note(message)
                return .success
            }
            context.console.error(
                message, hint: "set 'publishLock: true' for the target, and run 'ocimirror sync'")
            return .negative
        }
        let lock: Lockfile
        do throws(LockfileError) {
            lock = try Lockfile(parsing: bytes, root: keys(of: reference, file, context))
        } catch {
            throw ConfigurationFileError(message: "\(reference):\(error)", hint: error.hint)
        }
        guard let output else {
            // Comments and unknown fields are untrusted text.
            context.console.result(lock.text)
            return .success
        }
        let path = context.absolute(output)
        let held = try HeldFileLocks([path])
        defer { withExtendedLifetime(held) {} }
        guard held.isComplete else { return held.reportConflict(on: context.console) }
        let document = LockPullDocument(
            file: WrittenLockFile(
                path: path, shownPath: context.shown(path), imageCount: lock.images.count,
                hasChanged: try AtomicFile.replace(path, with: bytes, ifChanged: true)),
            reference: Reference(reference.repository, tag: reference.tag, digest: digest))
        context.console.result(options.json ? document.json.text : document.text)
        return .success
    }

    /// Returns the key path of the entries: that of `--root`, else that of the target which has the
    /// output as its lock file or publishes the reference.
    private func keys(
        of reference: Reference, _ file: ConfigurationFile?, _ context: ProgramContext
    ) -> [String] {
        if let root { return PinInputs.keys(ofRoot: root) }
        let targets = file?.configuration.targets ?? []
        let path = output.map(context.absolute)
        let target =
            targets.first { path != nil && $0.lock == path }
            ?? targets.first { $0.publishedLock == reference.repository }
        return target?.root ?? Lockfile.defaultRoot
    }

    private func name(in reference: Reference) throws(UsageError) -> ManifestName {
        if let digest = reference.digest { return .digest(digest) }
        if let tag = reference.tag { return .tag(tag) }
        throw UsageError(
            ["ocimirror", "lock", "pull"],
            .invalidValue(
                of: "REFERENCE", UntrustedText(self.reference),
                reason: "has neither a tag nor a digest", suggestion: "\(reference):latest"))
    }
}

/// The result of `lock pull` as text and JSON.
struct LockPullDocument {
    let file: WrittenLockFile
    /// The reference with the digest that was read.
    let reference: Reference

    var text: String { "\(file.text)\n" }

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        .object(
            [
                JSONValue.Member("schema", 1), JSONValue.Member("command", "lock pull"),
                JSONValue.Member("exitCode", 0),
                JSONValue.Member("reference", .string(reference.description)),
            ] + file.json)
    }
}
