// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import LayerScanning
internal import Lockfiles
internal import Mirroring
internal import OCI
internal import StrictJSON

/// The command `sync`: resolve, validate, copy, and write the lock files.
struct SyncCommand: ConfiguredCommand {
    var options = CommonOptions()
    var ids: [String] = []
    var refreshesReferrers = false
    var shard: String?
    var reports: [ReportFile] = []
    var maxDuration: Duration?
    var metrics: String?
    var previous: String?
    var writesToCI = true

    static let name = "sync"
    static let summary = "Mirror images and write the lock files"
    static let discussion = """
        Each image is resolved once, validated, and copied byte for byte: blobs, then the manifest of \
        each platform, then the tagged index. The tag of a rejected image is never pushed, and a \
        failed image does not stop the others. An unchanged tag costs one HEAD request at the source \
        and one at each target.

        Signatures and other referrers are copied when an image is new or changed. \
        --refresh-referrers checks the referrers of all images, restores missing ones and updates the \
        lock files; run it weekly. --shard I/N syncs one of N shards and writes a shard lock file. In a \
        Kubernetes Indexed Job, set OCIMIRROR_SHARDS to N; the shard comes from JOB_COMPLETION_INDEX.

        The extension of a report selects its format: .json is the document that --json prints, .md a \
        summary for CI jobs, .html a web page. Reports and metrics are written when the run ends, even if \
        images failed or the run was interrupted. A run that cannot start, for example because \
        the configuration is invalid or another run is in progress, leaves existing files unchanged.
        """
    static let examples = [
        Example("ocimirror sync", "mirror all images"),
        Example(
            "ocimirror sync grafana 'redis-*'",
            "mirror some images, and keep the entries of all others"),
        Example("ocimirror sync --report run.json --report run.md", "write two reports"),
        Example(
            "ocimirror sync --refresh-referrers",
            "also copy signatures that were added after their images"),
        Example("ocimirror sync --shard 2/3", "sync the second of three shards"),
    ]
    static let parameters: [Parameter<SyncCommand>] =
        [
            .positional("ID", into: \.ids, help: "id, name or glob; all images if omitted"),
            .flag(
                "--refresh-referrers", into: \.refreshesReferrers,
                help: "copy new and missing referrers of unchanged images too"),
            .option(
                "--shard", placeholder: "I/N", into: \.shard,
                help: "shard I of N; merge the lock files with 'lock merge'"),
            .option(
                "--report", into: \.reports,
                help: "write a report as .json, .md or .html"),
            .option(
                "--metrics", placeholder: "FILE", into: \.metrics,
                help: "write Prometheus metrics"),
            .option(
                "--previous", placeholder: "FILE.json", into: \.previous,
                help: "report of an earlier run, whose rejected images are not read again"),
            .flag(
                "--ci", into: \.writesToCI,
                help: "do not write the job summary and annotations of GitHub Actions and Azure "
                    + "Pipelines"),
            .option(
                "--max-duration", into: \.maxDuration,
                help: "stop after this time, keeping finished images"),
        ]
        + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let console = context.console
        let outputs = try RunOutputs(reports: reports, metrics: metrics, in: context)
        var file = try ConfigurationFile(options.config, in: context)
        let rejections = try recordedRejections(in: context)
        let stores = try await Network(of: file, options, in: context, pushes: true).stores()
        let published = PublishedLocks(of: file.configuration.targets, stores: stores)
        if try await published.restoreMissing(in: context) { file = try file.readingLocks() }
        let start = RunStart(of: file.configuration, in: context)
        let selection = IDSelection(ids)
        try file.checkIDs()
        let shardedRun = try chosenShard(in: context).map {
            ShardedRun($0, of: file.configuration, locks: file.locks)
        }
        let configuration = shardedRun?.configuration ?? file.configuration

        let held = try HeldFileLocks(configuration)
        defer { withExtendedLifetime(held) {} }
        guard held.isComplete else { return held.reportConflict(on: console) }
        // Another run may have written them before the file locks were acquired.
        let old = try shardedRun?.locks ?? file.locksNow()
        let timer = maxDuration.map { context.interruption.timer(after: $0) }
        defer { timer?.cancel() }
        let progress = RunProgress()
        let plan: Plan
        do {
            plan = try await context.showing(progress) {
                try await Planner(configuration: configuration).plan(
                    selecting: selection, stores: stores)
            }
        } catch is CancellationError {
            return finish(
                start.report(SyncReport(), locks: [], isCutShort: true), outputs, in: context)
        }
        // Ids of other shards are unknown in this one.
        if shardedRun == nil { try selection.check(against: plan) }

        let resolver = Resolver(
            configuration: configuration, stores: stores, locks: old, today: context.today)
        let report = await sync(plan, resolver, rejections, progress, in: context)
            .addingFacts(from: outputs.earlier)
        let writer = LockWriter(
            configuration: configuration, inputs: file.configuration.inputs, old: old,
            isShard: shardedRun != nil)
        var locks = writer.write(report, of: plan, in: context)
        // An interrupted run has only seconds left; the next one publishes.
        if !report.wasInterrupted { locks = await published.publish(locks, in: context) }
        return finish(
            start.report(report, locks: locks, isCutShort: report.wasInterrupted), outputs,
            in: context)
    }

    /// Mirrors the images of a plan, and shows the progress.
    private func sync(
        _ plan: Plan, _ resolver: Resolver, _ rejections: RecordedRejections,
        _ progress: RunProgress, in context: ProgramContext
    ) async -> SyncReport {
        let failures = LoggedFailures()
        let syncer = Syncer(
            resolver: resolver, rejections: rejections, jobs: options.jobs,
            scanner: LayerScanner(concurrency: options.scanCount),
            refreshesReferrers: refreshesReferrers, progress: progress,
            observe: { context.console.show($0, progress, failures) })
        return await context.showing(progress) { await syncer.sync(plan) }
    }

    /// Writes the report to every configured output.
    private func finish(
        _ report: RunReport, _ outputs: RunOutputs, in context: ProgramContext
    ) -> ExitCode {
        let console = context.console
        console.result(options.json ? report.json.text : report.text(for: console))
        if writesToCI { CIService(environment: context.environment)?.write(report, on: console) }
        return .combining([report.exitCode, outputs.write(report)])
    }

    /// Returns the rejections in the report of `--previous`; none if the file does not exist yet.
    private func recordedRejections(
        in context: ProgramContext
    ) throws -> RecordedRejections {
        guard let previous else { return RecordedRejections() }
        let bytes: [UInt8]
        do {
            bytes = try BoundedFile.read(context.absolute(previous), limit: 64 << 20)
        } catch {
            guard error.isMissing else { throw error }
            context.console.detail("\(context.shown(previous)) does not exist yet")
            return RecordedRejections()
        }
        do {
            return try RunReportReader(parsing: bytes).rejections
        } catch {
            // The images are validated again.
            context.console.warn(
                "--previous \(context.shown(previous)): not a report of 'sync' (\(error)); all "
                    + "images are validated")
            return RecordedRejections()
        }
    }

    /// Returns the shard that `--shard`, else the environment of a Kubernetes Indexed Job, selects.
    private func chosenShard(in context: ProgramContext) throws -> Shard? {
        if let shard { return try usage("--shard", shard, Shard.init(parsing:)) }
        guard let count = context.environment["OCIMIRROR_SHARDS"], !count.isEmpty else {
            return nil
        }
        let index = context.environment["JOB_COMPLETION_INDEX"].flatMap { Int($0) }
        guard let count = Int(count), let index, let shard = Shard(index.plus(1), of: count) else {
            throw ConfigurationFileError(
                message: "invalid OCIMIRROR_SHARDS and JOB_COMPLETION_INDEX",
                hint: "set the number of shards and the index from 0, or use --shard I/N")
        }
        return shard
    }
}

/// Writes the lock files of a run.
private struct LockWriter {
    /// The configuration of the run, which has only the images of its shard.
    let configuration: MirrorConfiguration
    /// The fingerprint of the whole configuration.
    let inputs: Digest
    /// The lock files before the run, by their paths.
    let old: [String: Lockfile]
    let isShard: Bool

    /// Writes the lock file of each target if its content changed.
    ///
    /// A new lock file needs at least one entry, so that a run in which all images failed does not
    /// write an empty one. The lock file of a shard is always written, because `lock merge` needs
    /// all of them.
    func write(
        _ report: SyncReport, of plan: Plan, in context: ProgramContext
    ) -> [RunReport.WrittenLock] {
        var written: [RunReport.WrittenLock] = []
        for target in configuration.targets {
            guard let path = target.lock else { continue }
            let update = LockUpdate(
                from: old[path], for: target, plan: plan, report: report,
                configuration: configuration, inputs: inputs)
            var lock = RunReport.WrittenLock(
                path: path, shownPath: context.shown(path), update: update)
            lock.isWithheld = !isShard && old[path] == nil && update.lock.images.isEmpty
            guard !lock.isWithheld else {
                written.append(lock)
                continue
            }
            do {
                lock.hasChanged = try AtomicFile.replace(
                    path, with: Array(update.lock.text.utf8), ifChanged: true)
            } catch {
                // The other lock files and the reports are still written.
                _ = ErrorReport(error).show(on: context.console)
                lock.failure = ImageFailure(error)
            }
            written.append(lock)
        }
        return written
    }
}

extension Console {
    /// Logs an event of an image.
    fileprivate func show(
        _ event: MirrorEvent, _ progress: RunProgress, _ failures: LoggedFailures
    ) {
        let images = progress.imageCounts
        var entry = LogEntry(event, finished: images.finished, of: images.total)
        // The live view shows copies in progress.
        if isLive, entry.event == .copying { entry.level = .debug }
        // On a terminal, the live view counts finished images, and the result lists them.
        if isLive, outputIsTerminal, entry.event == .imageFinished, entry.level == .info {
            entry.level = .debug
        }
        if case .finished(let outcome) = event, format == .text, entry.level == .error {
            switch failures.record(outcome) {
            case ..<SharedFailure.minimum: break
            case SharedFailure.minimum:
                entry.text += "; more images with this cause are only in the result"
            default: entry.level = .debug
            }
        }
        log(entry)
    }
}
