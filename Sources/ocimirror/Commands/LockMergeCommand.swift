// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import Lockfiles
internal import Mirroring
internal import Pinning
internal import StrictJSON
internal import TextSafety

/// The locks of all parts of a run, put together.
struct LockMergeCommand: ConfiguredCommand {
    var options = CommonOptions()
    var lock = ""
    var parts: [String] = []

    static let name = "merge"
    static let summary = "Puts the locks of all parts of a run together."
    static let discussion = """
        Wants every part that 'sync --shard I/N' has written, all of one configuration. An image that \
        failed has its old block in its part, and so in the whole.
        """
    static let examples = [
        Example(
            "ocimirror lock merge images.lock.yaml images.lock.*-of-3.yaml",
            "after three jobs with --shard 1/3, 2/3 and 3/3")
    ]
    static let parameters: [Parameter<LockMergeCommand>] =
        [
            .positional("LOCK", into: \.lock, help: "the lock that is written"),
            .positional("PART", into: \.parts, help: "the lock of each part"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let path = context.absolute(lock)
        let root = try self.root(of: path, in: context)
        let merge: LockMerge
        do {
            merge = try LockMerge(try parts.map { try part($0, root, in: context) })
        } catch let problem as LockMerge.Problem {
            context.console.error(
                "\(problem)", hint: "merge what 'sync --shard' has written in one run")
            if case .incomplete = problem { return .failure }
            return .negative
        }
        guard try !merge.lock.images.isEmpty || FileStatus.of(path) != nil else {
            context.console.error(
                "\(context.shown(path)) not written: no part has an entry",
                hint: "look at the reports of the parts, and run them again")
            return .failure
        }
        let hasChanged = try AtomicFile.replace(
            path, with: try text(root, in: context), ifChanged: true)
        let document = LockMergeDocument(
            path: path, shownPath: context.shown(path), images: merge.lock.images.count,
            hasChanged: hasChanged)
        context.console.result(options.json ? document.json.text : document.text)
        return .success
    }

    /// The parts' blocks byte by byte, fields that this version does not know included.
    private func text(_ root: [String], in context: ProgramContext) throws -> [UInt8] {
        let texts = try parts.map { try BoundedFile.read(context.absolute($0), limit: 16 << 20) }
        return try texts.dropFirst().reduce(texts.first ?? []) { whole, part in
            do throws(PromotionError) {
                return try LockPromotion(from: part, into: whole, root: root) { _ in true }.newBytes
                    ?? whole
            } catch {
                throw ConfigurationFileError(
                    message: error.description, hint: error.hint)
            }
        }
    }

    private func part(
        _ name: String, _ root: [String], in context: ProgramContext
    ) throws -> LockMerge.ShardLockfile {
        guard let shard = Shard(ofFile: name) else {
            throw UsageError(
                ["ocimirror", "lock", "merge"],
                .invalidValue(
                    of: "PART", UntrustedText(name),
                    reason: "is no part's lock, such as images.lock.1-of-3.yaml", suggestion: nil))
        }
        do {
            return LockMerge.ShardLockfile(
                path: context.shown(context.absolute(name)), shard: shard,
                lock: try ConfigurationFile.lock(at: context.absolute(name), root: root))
        } catch {
            throw ConfigurationFileError(
                message: error.message, hint: "run 'ocimirror sync --shard \(shard)' again")
        }
    }

    /// The keys under which the lock's blocks stand: as the configuration says, where there is one.
    private func root(of lock: String, in context: ProgramContext) throws -> [String] {
        let isThere = try FileStatus.of(context.absolute(options.config)) != nil
        let config = try isThere ? ConfigurationFile(options.config, in: context).config : nil
        return config?.targets.first { $0.lock == lock }?.root ?? ["global", "ocimirror"]
    }
}
