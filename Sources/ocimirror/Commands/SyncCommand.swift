// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import LayerScanning
internal import Lockfiles
internal import Mirroring
internal import OCI
internal import StrictJSON

/// The nightly job: resolve, validate, copy, lock.
struct SyncCommand: ConfiguredCommand {
    var options = CommonOptions()
    var ids: [String] = []
    var refreshesReferrers = false
    var shard: String?
    var reports: [ReportFile] = []
    var maxDuration: Duration?
    var metrics: String?

    static let name = "sync"
    static let summary = "Mirrors the images of the configuration and writes the locks."
    static let discussion = """
        Each image is resolved once, validated, and copied byte for byte: blobs, then the manifest of \
        each platform, then the index by its tag. An image that is rejected never gets its tag \
        pushed, and one image's failure never stops the others. Where nothing changed, a tag costs \
        one HEAD at the source and one at each target.

        Signatures and other referrers are looked for when an image is new or changed; \
        --refresh-referrers looks again, checks that the targets still have them, and records \
        what they have; once a week is enough. --shard I/N does a part of the run and writes a lock of its \
        own; in a Kubernetes Indexed Job OCIMIRROR_SHARDS is enough, as the part's number comes \
        from JOB_COMPLETION_INDEX.

        The end of a report's name says its form: .json is the document of --json, .md is for a \
        CI job's summary, .html a page for people. Reports and metrics are written \
        when the run ends, also when images failed and when it was interrupted. A run that never \
        begins (a wrong configuration, another run at work) leaves the old ones.
        """
    static let examples = [
        Example("ocimirror sync", "mirrors everything"),
        Example("ocimirror sync grafana 'redis-*'", "mirrors these; the others keep their blocks"),
        Example(
            "ocimirror sync --report run.json --report run.md", "leaves records for later steps"),
        Example("ocimirror sync --refresh-referrers", "also brings signatures that came later"),
        Example("ocimirror sync --shard 2/3", "the second of three machines"),
    ]
    static let parameters: [Parameter<SyncCommand>] =
        [
            .positional("ID", into: \.ids, help: "an id, a name or a glob; everything if left out"),
            .flag(
                "--refresh-referrers", into: \.refreshesReferrers,
                help: "copy new and lost referrers also where the image is not new"),
            .option(
                "--shard", nil, "I/N", into: \.shard,
                help: "the part I of N; 'lock merge' puts the parts' locks together"),
            .option(
                "--report", into: \.reports,
                help: "write what the run did; more than once for several forms"),
            .option(
                "--metrics", nil, "FILE", into: \.metrics,
                help: "write figures of the run for Prometheus"),
            .option(
                "--max-duration", into: \.maxDuration,
                help: "stop after so long; what is finished by then is kept"),
        ]
        + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let console = context.console
        let outputs = try RunOutputs(reports: reports, metrics: metrics, in: context)
        let file = try ConfigurationFile(options.config, in: context)
        let start = RunStart(of: file.config, in: context)
        let selection = IDSelection(ids)
        try file.checkIDs()
        let part = try chosenShard(in: context).map {
            ShardedRun($0, of: file.config, locks: file.locks)
        }
        let config = part?.config ?? file.config

        let held = try HeldFileLocks(config)
        defer { withExtendedLifetime(held) {} }
        guard held.isComplete else {
            console.error(held.complaint, hint: "run again later")
            return .tryAgain
        }
        // Another run may have written them between our first look and the hold.
        let old = try part?.locks ?? file.locksNow()
        let stores = try Network.stores(
            registries: file.config.registries, options: options, context: context)
        let timer = maxDuration.map { context.interruption.timer(after: $0) }
        defer { timer?.cancel() }
        let progress = RunProgress()
        let plan: Plan
        do {
            plan = try await context.showing(progress) {
                try await Planner(config: config).plan(selecting: selection, stores: stores)
            }
        } catch is CancellationError {
            return finish(
                start.report(SyncReport(), locks: [], isCutShort: true), outputs, in: context)
        }
        // A part has none of the images of the others.
        if part == nil { try selection.check(against: plan) }

        let syncer = Syncer(
            resolver: Resolver(
                config: config, stores: stores, locks: old, today: context.today),
            jobs: options.jobs, scanner: LayerScanner(concurrency: options.jobs),
            refreshesReferrers: refreshesReferrers, progress: progress,
            observe: { console.show($0, progress) })
        let report = await context.showing(progress) { await syncer.sync(plan) }
            .addingFacts(from: outputs.earlier)
        let locks = writeLocks(
            config, old, plan, report, file.config.inputs, isPart: part != nil, in: context)
        return finish(
            start.report(report, locks: locks, isCutShort: report.wasInterrupted), outputs,
            in: context)
    }

    /// Says what the run did, everywhere where somebody wants to know.
    private func finish(
        _ report: RunReport, _ outputs: RunOutputs, in context: ProgramContext
    ) -> ExitCode {
        let console = context.console
        console.result(options.json ? report.json.text : report.text(for: console))
        return .combining([report.exitCode, outputs.write(report)])
    }

    /// The part of the run that this is: as the command line says, else as a Kubernetes Indexed Job does.
    private func chosenShard(in context: ProgramContext) throws -> Shard? {
        if let shard { return try usage("--shard", shard, Shard.init(parsing:)) }
        guard let count = context.environment["OCIMIRROR_SHARDS"], !count.isEmpty else {
            return nil
        }
        let index = context.environment["JOB_COMPLETION_INDEX"].flatMap { Int($0) }
        guard let count = Int(count), let index, let shard = Shard(index.plus(1), of: count) else {
            throw ConfigurationFileError(
                message: "OCIMIRROR_SHARDS and JOB_COMPLETION_INDEX name no part of a run",
                hint: "set the number of parts, and the part's number from 0; or use --shard I/N")
        }
        return shard
    }

    /// Writes each target's lock, if its bytes are others than before.
    ///
    /// A first lock is written only with an entry: one without any says that nothing is mirrored, where
    /// everything failed. A part's lock is always written, because 'lock merge' needs all of them.
    private func writeLocks(
        _ config: MirrorConfiguration, _ old: [String: Lockfile], _ plan: Plan,
        _ report: SyncReport,
        _ inputs: Digest, isPart: Bool, in context: ProgramContext
    ) -> [RunReport.WrittenLock] {
        var written: [RunReport.WrittenLock] = []
        for (position, target) in config.targets.enumerated() {
            guard let path = target.lock else { continue }
            let update = LockUpdate(
                from: old[path], plan: plan, report: report, config: config, position: position,
                inputs: inputs)
            var lock = RunReport.WrittenLock(
                path: path, shownPath: context.shown(path), update: update)
            lock.isWithheld = !isPart && old[path] == nil && update.lock.images.isEmpty
            guard !lock.isWithheld else {
                written.append(lock)
                continue
            }
            do {
                lock.hasChanged = try AtomicFile.replace(
                    path, with: Array(update.lock.text.utf8), ifChanged: true)
            } catch {
                // The other locks are written all the same, and the run is reported.
                _ = ErrorReport(error).show(on: context.console)
                lock.failure = ImageFailure(error)
            }
            written.append(lock)
        }
        return written
    }
}

extension Console {
    /// Says what happens to images, a line each.
    fileprivate func show(_ event: MirrorEvent, _ progress: RunProgress) {
        let sample = progress.sample
        var entry = LogEntry(event, finished: sample.finishedCount, of: sample.totalCount)
        // A live view has it as long as it holds.
        if isLive, entry.event == .copying { entry.level = .debug }
        log(entry)
    }
}
