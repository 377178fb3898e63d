// SPDX-License-Identifier: Apache-2.0

public import Content
public import LayerScanning
public import OCI
internal import AsyncPrimitives

/// Mirrors the images of a plan concurrently; the failure of one image does not stop the others.
public struct Syncer: Sendable {
    private let context: ImageSync.Context

    /// The maximum number of images in progress, independent of the number of transfers.
    ///
    /// It bounds the memory of manifests and configs, some hundred KiB for each image. The requests
    /// of an image depend on each other, so that many images are needed to use a host's limit.
    static let maxConcurrentImages = 128
    private let concurrentImages: Int

    /// Creates a syncer.
    ///
    /// - Parameters:
    ///   - resolver: The resolver, with the configuration, the stores and the lock files.
    ///   - rejections: The rejections of an earlier run, whose images are neither looked up at the
    ///     targets nor read again.
    ///   - jobs: The maximum number of concurrent blob transfers; `nil` for the usual
    ///     number.
    ///   - scanner: The scanner for layers.
    ///   - refreshesReferrers: A Boolean value that indicates whether signatures, SBOMs and
    ///     attestations are looked up for unchanged images too.
    ///   - progress: The progress of the run.
    ///   - now: A monotonic clock; `nil` for the system clock.
    ///   - observe: A function that receives the events of the run.
    public init(
        resolver: Resolver, rejections: RecordedRejections = RecordedRejections(),
        jobs: Int? = nil, scanner: LayerScanner, refreshesReferrers: Bool = false,
        progress: RunProgress = RunProgress(), now: (@Sendable () -> Duration)? = nil,
        observe: @escaping MirrorObserver
    ) {
        let transfers = BlobTransfers(
            jobs, progress, scanCount: scanner.concurrency, now: now)
        self.context = ImageSync.Context(
            resolver: resolver, rejections: rejections, transfers: transfers,
            scanCache: LayerScanCache(scanner), referrers: ReferrerCopier(transfers: transfers),
            refreshesReferrers: refreshesReferrers, observe: observe)
        self.concurrentImages =
            jobs.map { min(max(16, $0 * 4), Self.maxConcurrentImages) }
            ?? Self.maxConcurrentImages
    }

    /// Mirrors every image of the plan.
    ///
    /// Canceling the task stops the transfers; the report then contains the finished images.
    public func sync(_ plan: Plan) async -> SyncReport {
        let progress = context.transfers.progress
        let slots = AsyncSemaphore(concurrentImages)
        context.resolver.stores.expect(plan.images.map(\.source))
        progress.expect(plan.images.count)
        let finished = await withTaskGroup(of: ImageOutcome?.self) { group in
            for image in plan.images {
                group.addTask { try? await slots.withPermit { try await sync(image) } }
            }
            var finished: [PlannedImage: ImageOutcome] = [:]
            for await outcome in group {
                if let outcome { finished[outcome.image] = outcome }
            }
            return finished
        }
        return SyncReport(
            outcomes: plan.images.compactMap { finished[$0] },
            unfinished: plan.images.filter { finished[$0] == nil },
            problems: plan.problems)
    }

    private func sync(_ image: PlannedImage) async throws(CancellationError) -> ImageOutcome {
        let transfers = context.transfers
        transfers.progress.start(image.id)
        context.observe(.started(image))
        let meter = ActivityMeter(now: transfers.now)
        var outcome: ImageOutcome
        do {
            outcome = try await ActivityMeter.$current.withValue(meter) {
                var sync = ImageSync(of: image, in: context)
                return try await sync.run()
            }
        } catch {
            throw CancellationError()
        }
        outcome.duration = meter.total
        transfers.progress.finish(image.id, isSuccess: outcome.isDone)
        context.observe(.finished(outcome))
        return outcome
    }
}

/// An event during a run.
///
/// Observers are called from the tasks that do the work and must return immediately.
public enum MirrorEvent: Sendable {
    /// The sync of an image started.
    case started(PlannedImage)
    /// The copy of an image to a target started.
    case copying(PlannedImage, to: StoreLocation, bytes: Int)
    /// The digest that a moved tag had before was retained under a tag of its own.
    case kept(Tag, at: StoreLocation)
    /// The sync of an image finished.
    case finished(ImageOutcome)
}

/// A function that receives the events of a run.
public typealias MirrorObserver = @Sendable (MirrorEvent) -> Void

/// The result of a run.
public struct SyncReport: Sendable {
    /// The finished images, in the order of the plan.
    public let outcomes: [ImageOutcome]
    /// The images that an interruption left unfinished, in the order of the plan.
    public let unfinished: [PlannedImage]
    /// Configuration entries that selected no image.
    public let problems: [Plan.Problem]

    /// Creates a report; without arguments, that of a run that ended before its first image.
    public init(
        outcomes: [ImageOutcome] = [], unfinished: [PlannedImage] = [],
        problems: [Plan.Problem] = []
    ) {
        self.outcomes = outcomes
        self.unfinished = unfinished
        self.problems = problems
    }

    /// Returns the report with the facts of an earlier run for images that this run did not read.
    public func addingFacts(from known: [Digest: ImageFacts]) -> SyncReport {
        var outcomes = outcomes
        for position in outcomes.indices { outcomes[position].addFacts(from: known) }
        return SyncReport(outcomes: outcomes, unfinished: unfinished, problems: problems)
    }

    /// A Boolean value that indicates whether an interruption left images unfinished.
    public var wasInterrupted: Bool { !unfinished.isEmpty }
}
