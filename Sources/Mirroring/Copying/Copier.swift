// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// Copies images to targets: blobs, then child manifests by digest, then the root by its tag.
///
/// The last request makes the image visible. A copy that ends before it leaves blobs and manifests
/// that no tag points to; the next copy finds and uses them.
struct Copier: Sendable {
    /// Limits the concurrent blob transfers, over all images and targets.
    let limiter: TransferLimiter
    /// Tracks which repository has each blob.
    let blobTracker = BlobTracker()
    /// A monotonic clock.
    let now: @Sendable () -> Duration

    /// Copies one image to all its targets concurrently, reading each blob once.
    ///
    /// - Returns: The result for each target, in the order of the job's targets.
    /// - Throws: `CancellationError`, ``ImageRejected``, or ``CopyError`` if the contents could not
    ///   be validated.
    func copy(_ job: CopyJob) async throws -> [CopyResult] {
        let began = now()
        let progress = try await begin(job)
        try await copyBlobs(of: job, to: progress)
        do {
            try await validateContents(job, at: progress)
        } catch var rejection as ImageRejected {
            rejection.receipts = progress.map(\.receipt)
            throw rejection
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for targetProgress in progress {
                group.addTask { try await finish(job, at: targetProgress, began: began) }
            }
            try await group.waitForAll()
            return progress.map { CopyResult(receipt: $0.receipt, failure: $0.failure) }
        }
    }

    /// Reads the image that each target has under the name.
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

    /// Waits for the validation of the contents.
    ///
    /// Layers that were not copied are read from a target.
    private func validateContents(_ job: CopyJob, at progress: [TargetCopyProgress]) async throws {
        let stores = progress.filter { $0.failure == nil }.map(\.target.store)
        guard !stores.isEmpty else { return }
        try await job.validation?.requireValid(readingFrom: stores + job.sources)
    }

    // MARK: Manifests

    /// The time after which a resolved tag is resolved again.
    private static let resolutionLifetime = Duration.seconds(60)

    /// Pushes the manifests after all blobs.
    private func finish(
        _ job: CopyJob, at progress: TargetCopyProgress, began: Duration
    ) async throws {
        try await progress.attempt {
            let delivery = ManifestDelivery(job: job, progress: progress) { blob in
                try await resend(blob, of: job, to: progress)
            }
            for node in job.graph.nodes.dropLast() where try await delivery.isMissing(node) {
                try await delivery.push(node, as: .digest(node.descriptor.digest))
            }
            if now() - began > Self.resolutionLifetime { try await delivery.requireUnmovedTag() }
            progress.record(retentionTag: try await delivery.addRetentionTag())
            try await delivery.push(job.graph.root, as: progress.target.name)
        }
    }

    // MARK: Blobs

    /// Copies every blob, the largest first, so that the run does not end with one long transfer.
    ///
    /// The probe blobs, which show how a registry reports existing blobs, go first.
    private func copyBlobs(of job: CopyJob, to progress: [TargetCopyProgress]) async throws {
        let blobs = job.graph.blobs
        limiter.progress.expect(blobs)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for targetProgress in progress {
                guard let probe = targetProgress.probe else { continue }
                group.addTask {
                    try await BlobDelivery(blob: probe, job: job, copier: self).deliver(to: [
                        targetProgress
                    ])
                }
            }
            try await group.waitForAll()
            for blob in blobs.sorted(by: { $0.size > $1.size }) {
                group.addTask {
                    try await BlobDelivery(blob: blob, job: job, copier: self)
                        .deliver(to: progress.filter { $0.probe?.digest != blob.digest })
                    limiter.progress.complete(blob)
                }
            }
            try await group.waitForAll()
        }
    }

    /// Pushes a blob even if the target reports that it is present.
    private func resend(
        _ blob: Descriptor, of job: CopyJob, to progress: TargetCopyProgress
    ) async throws {
        try await limiter.withTransfer(of: blob, for: job.name) { transfer in
            let delivery = BlobDelivery(blob: blob, job: job, copier: self)
            let result = try await delivery.resend(to: progress.target.store) {
                try await job.open(blob, counting: transfer)
            }
            progress.record(blob, result)
        }
    }
}
