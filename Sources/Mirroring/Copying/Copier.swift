// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// Copies images to targets: blobs, then child manifests by digest, then the root by its tag.
///
/// The last request makes the image visible. An interrupted copy leaves blobs and manifests that no
/// tag points to; the next copy finds them present.
struct Copier: Sendable {
    /// A copy whose blobs are present at every target that has not failed.
    struct BlobCopy: Sendable {
        fileprivate let blobs: BlobCopier
        fileprivate let targets: [TargetCopyProgress]
        /// The time at which the copy started.
        fileprivate let start: Duration

        /// The stores of the targets that have not failed.
        var remainingStores: [any ContentStore] {
            targets.filter { $0.failure == nil }.map(\.target.store)
        }

        /// The results so far, by target.
        var results: [StoreLocation: CopyResult] {
            var results: [StoreLocation: CopyResult] = [:]
            for progress in targets { results[progress.target.store.location] = progress.result }
            return results
        }
    }

    /// Limits the concurrent blob transfers, over all images and targets.
    let limiter: TransferLimiter
    /// Tracks which repository has each blob.
    private let blobTracker = BlobTracker()
    /// A monotonic clock.
    private let now: @Sendable () -> Duration

    init(limiter: TransferLimiter, now: @escaping @Sendable () -> Duration) {
        self.limiter = limiter
        self.now = now
    }

    /// Copies one image to all its targets concurrently, reading each blob once.
    ///
    /// - Returns: The results by target.
    /// - Throws: `CancellationError`.
    func copy(_ job: CopyJob) async throws -> [StoreLocation: CopyResult] {
        try await pushManifests(after: copyBlobs(of: job))
    }

    // MARK: Blobs

    /// Copies every blob, the largest first, so that the run does not end with one long transfer.
    ///
    /// The probe blobs, which show how a registry reports existing blobs, go first.
    ///
    /// - Throws: `CancellationError`.
    func copyBlobs(of job: CopyJob) async throws -> BlobCopy {
        let start = now()
        let blobs = BlobCopier(job: job, limiter: limiter, tracker: blobTracker)
        let targets = try await begin(job)
        guard !targets.isEmpty else { return BlobCopy(blobs: blobs, targets: [], start: start) }
        limiter.progress.expect(job.graph.blobs)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for target in targets {
                guard let probe = target.probe else { continue }
                group.addTask { try await blobs.copy(probe, to: [target]) }
            }
            try await group.waitForAll()
            for blob in job.graph.blobs.sorted(by: { $0.size > $1.size }) {
                group.addTask {
                    try await blobs.copy(
                        blob, to: targets.filter { $0.probe?.digest != blob.digest })
                    limiter.progress.complete(blob)
                }
            }
            try await group.waitForAll()
        }
        return BlobCopy(blobs: blobs, targets: targets, start: start)
    }

    /// Reads the image that the copy replaces at each target.
    private func begin(_ job: CopyJob) async throws -> [TargetCopyProgress] {
        var all: [TargetCopyProgress] = []
        for target in job.targets {
            do {
                let replaced = try await ReplacedImage(
                    target.current ?? target.predecessor, at: target.store,
                    orIn: job.sources.last, beside: job.graph)
                all.append(
                    TargetCopyProgress(target, replacing: replaced, with: job.graph))
            } catch let error as CopyError {
                try Task.checkCancellation()
                all.append(TargetCopyProgress(target, replacing: nil, with: job.graph))
                all.last?.fail(error)
            }
        }
        return all
    }

    // MARK: Manifests

    /// The time after which a resolved tag is resolved again.
    private static let resolutionLifetime = Duration.seconds(60)

    /// Pushes the manifests to every target that has not failed.
    ///
    /// - Returns: The results by target.
    /// - Throws: `CancellationError`.
    func pushManifests(after copy: BlobCopy) async throws -> [StoreLocation: CopyResult] {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for target in copy.targets {
                group.addTask {
                    try await target.attempt {
                        try await ManifestCopier(blobs: copy.blobs, progress: target)
                            .push { now() - copy.start > Self.resolutionLifetime }
                    }
                }
            }
            try await group.waitForAll()
        }
        return copy.results
    }
}
