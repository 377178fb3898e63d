// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// Brings images to targets: blobs, then child manifests by digest, then the root by its tag.
///
/// The last request is the one that makes the image visible. Whatever ends a copy before it leaves
/// blobs and manifests that no tag points at, and the next copy finds and uses them.
struct Copier: Sendable {
    /// How many blob bodies are on their way at once, over all images and targets.
    let lanes: TransferLimiter
    /// Who holds which blob.
    let ledger = BlobTracker()
    /// A clock that only runs forward.
    let now: @Sendable () -> Duration

    /// Copies one image to all its destinations at the same time; each blob is read once for all.
    ///
    /// - Returns: what it took for each destination, and what ended it, where it did not arrive.
    /// - Throws: `CancellationError`, ``ImageRejected``, or ``CopyError`` where no verdict was reached.
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

    /// Learns from what each destination has under the name.
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

    /// Waits for the verdict on the contents; what was not read on its way is read at a destination.
    private func judge(_ job: CopyJob, at progress: [TargetCopyProgress]) async throws {
        let holders = progress.filter { $0.failure == nil }.map(\.destination.store)
        guard !holders.isEmpty else { return }
        try await job.judgement?.pass(reading: holders + job.sources)
    }

    // MARK: Manifests

    /// How long what a name stood for is taken to be true.
    private static let trust = Duration.seconds(60)

    /// Writes the manifests once all blobs are there.
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

    /// Copies every blob, the largest first, so that no long one is left for the end.
    ///
    /// Before them go the blobs that show how a registry reports what it has.
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

    /// Sends a blob whatever the target says that it has.
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
