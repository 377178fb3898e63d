// SPDX-License-Identifier: Apache-2.0

internal import Content
public import LayerScanning
internal import AsyncPrimitives

/// Mirrors the images of a plan, many at a time; one image's failure never stops the others.
public struct Syncer: Sendable {
    let resolver: Resolver
    let copier: Copier
    let inspector: LayerScanCache
    let referrers = ReferrerTracker()
    let progress: RunProgress
    /// Whether referrers are looked for also where nothing is new.
    let refreshesReferrers: Bool
    /// A clock that only runs forward.
    let now: @Sendable () -> Duration
    let observe: MirrorObserver

    /// How many images are looked at at once, whatever the number of transfers.
    static let imagesAtOnce = 16

    /// Makes a syncer.
    ///
    /// - Parameters:
    ///   - resolver: knows the configuration, the stores and the locks.
    ///   - jobs: how many blob bodies are on their way at once.
    ///   - scanner: looks into layers.
    ///   - refreshesReferrers: whether signatures and the like are looked for also where the image is
    ///     not new.
    ///   - progress: counts how far the run has come.
    ///   - now: a clock that only runs forward; nil for the machine's.
    ///   - observe: who is told what happens.
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
    /// Cancelling the task ends the transfers; the report then holds the images that were finished.
    public func sync(_ plan: Plan) async -> SyncReport {
        let places = AsyncSemaphore(Self.imagesAtOnce)
        resolver.stores.expect(plan.images.map(\.source))
        progress.expect(plan.images.count)
        let finished = await withTaskGroup(of: (Int, ImageOutcome?).self) { group in
            for (position, image) in plan.images.enumerated() {
                group.addTask {
                    let outcome = try? await places.withSlot {
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
    /// - Throws: `CancellationError` where the run is cancelled. An error that was thrown although the run
    ///   goes on, even a `CancellationError`, is the image's failure.
    private func outcome(of image: PlannedImage) async throws -> ImageOutcome {
        do {
            return try await ImageSync(image: image, run: self).outcome()
        } catch {
            try Task.checkCancellation()
            var resolved = ResolvedImage(image: image)
            resolved.failure =
                error is CancellationError
                ? ImageFailure(
                    .unavailable, "\(image.id): its transfer was cancelled, though the run was not",
                    hint: "run again")
                : ImageFailure(error)
            return ImageOutcome(resolved)
        }
    }
}
