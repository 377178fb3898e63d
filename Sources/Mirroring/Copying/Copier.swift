// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// Copies images to targets: blobs, then child manifests by digest, then the root by its tag.
///
/// The last request makes the image visible. A copy that ends before it leaves blobs and manifests
/// that no tag points to; the next copy finds and uses them.
struct Copier: Sendable {
    /// Limits the concurrent blob transfers, over all images and targets.
    let lanes: TransferLimiter
    /// Tracks which repository has each blob.
    let ledger = BlobTracker()
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
            try await judge(job, at: progress)
        } catch var refusal as ImageRejected {
            refusal.receipts = progress.map(\.receipt)
            throw refusal
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for one in progress {
                group.addTask { try await finish(job, at: one, began: began) }
            }
            try await group.waitForAll()
            return progress.map { CopyResult(receipt: $0.receipt, failure: $0.failure) }
        }
    }

    /// Reads the image that each target has under the name.
    private func begin(_ job: CopyJob) async throws -> [TargetCopyProgress] {
        var all: [TargetCopyProgress] = []
        for destination in job.destinations {
            do {
                let replaced = try await ReplacedImage(
                    destination.standing ?? destination.predecessor, at: destination.store,
                    beside: job.graph)
                all.append(
                    TargetCopyProgress(destination, replacing: replaced, with: job.graph))
            } catch let error as CopyError {
                try Task.checkCancellation()
                all.append(TargetCopyProgress(destination, replacing: nil, with: job.graph))
                all.last?.fail(error)
            }
        }
        return all
    }

    /// Waits for the validation of the contents.
    ///
    /// Layers that were not copied are read from a target.
    private func judge(_ job: CopyJob, at progress: [TargetCopyProgress]) async throws {
        let holders = progress.filter { $0.failure == nil }.map(\.destination.store)
        guard !holders.isEmpty else { return }
        try await job.judgement?.pass(reading: holders + job.sources)
    }

    // MARK: Manifests

    /// The time after which a resolved tag is resolved again.
    private static let trust = Duration.seconds(60)

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
            if now() - began > Self.trust { try await delivery.expectUnmoved() }
            progress.note(kept: try await delivery.keepReplaced())
            try await delivery.push(job.graph.root, as: progress.destination.name)
        }
    }

    // MARK: Blobs

    /// Copies every blob, the largest first, so that the run does not end with one long transfer.
    ///
    /// The probe blobs, which show how a registry reports existing blobs, go first.
    private func copyBlobs(of job: CopyJob, to progress: [TargetCopyProgress]) async throws {
        let blobs = job.graph.blobs
        lanes.progress.expect(blobs)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for one in progress {
                guard let probe = one.probe else { continue }
                group.addTask {
                    try await BlobDelivery(blob: probe, job: job, copier: self).deliver(to: [one])
                }
            }
            try await group.waitForAll()
            for blob in blobs.sorted(by: { $0.size > $1.size }) {
                group.addTask {
                    try await BlobDelivery(blob: blob, job: job, copier: self)
                        .deliver(to: progress.filter { $0.probe?.digest != blob.digest })
                    lanes.progress.settle(blob)
                }
            }
            try await group.waitForAll()
        }
    }

    /// Pushes a blob even if the target reports that it is present.
    private func resend(
        _ blob: Descriptor, of job: CopyJob, to progress: TargetCopyProgress
    ) async throws {
        try await lanes.withPlace(for: blob, of: job.name) { transfer in
            let delivery = BlobDelivery(blob: blob, job: job, copier: self)
            let arrival = try await delivery.resend(to: progress.destination.store) {
                try await job.open(blob, counting: transfer)
            }
            progress.note(blob, arrival)
        }
    }
}
