// SPDX-License-Identifier: Apache-2.0

internal import Content
public import LayerScanning
internal import AsyncPrimitives

/// Mirrors the images of a plan concurrently; the failure of one image does not stop the others.
public struct Syncer: Sendable {
    let resolver: Resolver
    let copier: Copier
    let inspector: LayerScanCache
    let referrers = ReferrerTracker()
    let progress: RunProgress
    /// A Boolean value that indicates whether referrers are looked up for unchanged images too.
    let refreshesReferrers: Bool
    /// A monotonic clock.
    let now: @Sendable () -> Duration
    let observe: MirrorObserver

    /// The maximum number of images in progress, independent of the number of transfers.
    static let maxConcurrentImages = 16

    /// Creates a syncer.
    ///
    /// - Parameters:
    ///   - resolver: The resolver, with the configuration, the stores and the lock files.
    ///   - jobs: The maximum number of concurrent blob transfers.
    ///   - scanner: The scanner for layers.
    ///   - refreshesReferrers: A Boolean value that indicates whether signatures, SBOMs and
    ///     attestations are looked up for unchanged images too.
    ///   - progress: The progress of the run.
    ///   - now: A monotonic clock; `nil` for the system clock.
    ///   - observe: A function that receives the events of the run.
    public init(
        resolver: Resolver, jobs: Int, scanner: LayerScanner, refreshesReferrers: Bool = false,
        progress: RunProgress = RunProgress(), now: (@Sendable () -> Duration)? = nil,
        observe: @escaping MirrorObserver
    ) {
        let start = ContinuousClock.now
        self.resolver = resolver
        self.refreshesReferrers = refreshesReferrers
        self.now = now ?? { ContinuousClock.now - start }
        self.copier = Copier(limiter: TransferLimiter(jobs, progress), now: self.now)
        self.inspector = LayerScanCache(scanner)
        self.progress = progress
        self.observe = observe
    }

    /// Mirrors every image of the plan.
    ///
    /// Cancelling the task stops the transfers; the report then contains the finished images.
    public func sync(_ plan: Plan) async -> SyncReport {
        let slots = AsyncSemaphore(Self.maxConcurrentImages)
        resolver.stores.expect(plan.images.map(\.source))
        progress.expect(plan.images.count)
        let finished = await withTaskGroup(of: (Int, ImageOutcome?).self) { group in
            for (position, image) in plan.images.enumerated() {
                group.addTask {
                    let outcome = try? await slots.withPermit {
                        progress.start(image.id)
                        observe(.started(image))
                        let began = now()
                        var outcome = try await self.outcome(of: image)
                        outcome.duration = now() - began
                        return outcome
                    }
                    if let outcome {
                        progress.finish(image.id, isSuccess: outcome.isDone)
                        observe(.finished(outcome))
                    }
                    return (position, outcome)
                }
            }
            var finished: [Int: ImageOutcome] = [:]
            for await (position, outcome) in group { finished[position] = outcome }
            return finished
        }
        let images = plan.images.enumerated()
        return SyncReport(
            outcomes: images.compactMap { finished[$0.offset] },
            unfinished: images.filter { finished[$0.offset] == nil }.map(\.element),
            problems: plan.problems)
    }

    /// Syncs one image.
    ///
    /// - Throws: `CancellationError` if the run is cancelled. An error that was thrown although the
    ///   run goes on, even a `CancellationError`, is the image's failure.
    private func outcome(of image: PlannedImage) async throws -> ImageOutcome {
        do {
            return try await ImageSync(image: image, run: self).outcome()
        } catch {
            try Task.checkCancellation()
            var resolved = ResolvedImage(image: image)
            resolved.failure =
                error is CancellationError
                ? ImageFailure(
                    .unavailable, "\(image.id): transfer cancelled unexpectedly",
                    hint: "run again")
                : ImageFailure(error)
            return ImageOutcome(resolved)
        }
    }
}
