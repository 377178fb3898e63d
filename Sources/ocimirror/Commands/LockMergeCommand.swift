// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import Lockfiles
internal import Mirroring
internal import Pinning
internal import StrictJSON
internal import TextSafety

/// The command `lock merge`.
struct LockMergeCommand: ConfiguredCommand {
    var options = CommonOptions()
    var lock = ""
    var shards: [String] = []

    static let name = "merge"
    static let summary = "Merge shard lock files"
    static let discussion = """
        Requires the lock files that 'sync --shard I/N' wrote for all N shards of the same configuration. \
        If an image failed, its shard lock file has the previous entry, which is merged.
        """
    static let examples = [
        Example(
            "ocimirror lock merge images.lock.yaml images.lock.*-of-3.yaml",
            "merge after jobs with --shard 1/3, 2/3 and 3/3")
    ]
    static let parameters: [Parameter<LockMergeCommand>] =
        [
            .positional("LOCK", into: \.lock, help: "lock file to write"),
            .positional(
                "SHARD", requiresOne: true, into: \.shards, help: "lock file of each shard"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let path = context.absolute(lock)
        let file = try ConfigurationFile.present(options.config, in: context)
        let target = file?.configuration.targets.first { $0.lock == path }
        let root = target?.root ?? Lockfile.defaultRoot
        let merge: LockMerge
        do {
            merge = try LockMerge(try shards.map { try shardLock($0, root, in: context) })
        } catch let problem as LockMerge.Problem {
            context.console.error(
                "\(problem)", hint: "pass the lock files of all shards of one run")
            if case .incomplete = problem { return .failure }
            return .negative
        }
        guard try !merge.lock.images.isEmpty || FileStatus.of(path) != nil else {
            context.console.error(
                "\(context.shown(path)) not written: no shard has an entry",
                hint: "check the reports of the shards, and run them again")
            return .failure
        }
        let bytes = try text(root, in: context)
        let held = try HeldFileLocks([path])
        defer { withExtendedLifetime(held) {} }
        guard held.isComplete else { return held.reportConflict(on: context.console) }
        var document = LockMergeDocument(
            file: WrittenLockFile(
                path: path, shownPath: context.shown(path), imageCount: merge.lock.images.count,
                hasChanged: try AtomicFile.replace(path, with: bytes, ifChanged: true)))
        if let file {
            let stores = try await Network(of: file, options, in: context, pushes: true).stores()
            document.publication = await PublishedLocks(
                of: file.configuration.targets, stores: stores
            ).publish(bytes, at: path, in: context)
        }
        context.console.result(options.json ? document.json.text : document.text)
        return document.exitCode
    }

    /// Returns the merged entries byte for byte, including keys that this version does not know.
    private func text(_ root: [String], in context: ProgramContext) throws -> [UInt8] {
        let texts = try shards.map {
            try BoundedFile.read(context.absolute($0), limit: Lockfile.maximumByteCount)
        }
        return try texts.dropFirst().reduce(texts.first ?? []) { merged, shard in
            do throws(PromotionError) {
                return try LockPromotion(from: shard, into: merged, root: root) { _ in true }
                    .newBytes
                    ?? merged
            } catch {
                throw ConfigurationFileError(
                    message: error.description, hint: error.hint)
            }
        }
    }

    private func shardLock(
        _ name: String, _ root: [String], in context: ProgramContext
    ) throws -> LockMerge.ShardLockfile {
        guard let shard = Shard(ofFile: name) else {
            throw UsageError(
                ["ocimirror", "lock", "merge"],
                .invalidValue(
                    of: "SHARD", UntrustedText(name),
                    reason: "not the lock file of a shard, such as images.lock.1-of-3.yaml",
                    suggestion: nil))
        }
        do {
            return LockMerge.ShardLockfile(
                path: context.shown(context.absolute(name)), shard: shard,
                lock: try Lockfile.read(context.absolute(name), root: root))
        } catch {
            throw ConfigurationFileError(
                message: error.message, hint: "run 'ocimirror sync --shard \(shard)' again")
        }
    }
}

/// The result of `lock merge` as text and JSON.
struct LockMergeDocument {
    let file: WrittenLockFile
    /// The published lock file, or `nil` if the target does not publish it.
    var publication: LockPublication?

    var exitCode: ExitCode {
        publication?.failure.map { ExitCode($0.failureClass) } ?? .success
    }

    var text: String {
        "\(file.text)\(publication.map { "; \($0.text)" } ?? "")\n"
    }

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        .object(
            [
                JSONValue.Member("schema", 1), JSONValue.Member("command", "lock merge"),
                JSONValue.Member("exitCode", .integer(Int(exitCode.rawValue))),
            ] + file.json + [JSONValue.Member("published", publication?.json ?? .null)])
    }
}
