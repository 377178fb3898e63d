// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import AsyncPrimitives

/// Copies the blobs of one image to all targets that lack them, reading each once.
struct BlobCopier: Sendable {
    let job: CopyJob
    let limiter: TransferLimiter
    let tracker: BlobTracker

    /// A target that may lack a blob.
    private struct Claim {
        let blob: Descriptor
        let progress: TargetCopyProgress
        let mountSource: StoreLocation?
        var presence: ExpectedPresence

        var store: any ContentStore { progress.target.store }
    }

    /// Copies a blob to each target whose copy has not failed.
    ///
    /// - Throws: `CancellationError`. Other failures are recorded at their target.
    func copy(_ blob: Descriptor, to all: [TargetCopyProgress]) async throws {
        for round in rounds(of: all) { try await copy(blob, toRound: round) }
    }

    /// Pushes a blob to one target, even if the target reports that it is present.
    ///
    /// - Throws: ``CopyError`` or `CancellationError`.
    func resend(_ blob: Descriptor, to progress: TargetCopyProgress) async throws {
        try await limiter.withTransfer(of: blob, for: job.name) { transfer in
            let store = progress.target.store
            let result = try await write(to: store) {
                try await store.push(blob: blob, expecting: .absent, mountingFrom: nil) {
                    transfer.addTarget(store)
                    try await transfer.waitForTargets()
                    return try await job.open(blob, counting: transfer)
                }
            }
            progress.record(blob, result)
        }
    }

    /// Returns the targets in rounds with at most one target per registry.
    ///
    /// The second target in a registry mounts the blob from the first. If both were served at once,
    /// the second would wait forever.
    private func rounds(of all: [TargetCopyProgress]) -> [[TargetCopyProgress]] {
        var rounds: [[TargetCopyProgress]] = []
        var seen: [String: Int] = [:]
        for progress in all {
            let round = seen[progress.target.store.location.deduplicationScope, default: 0]
            seen[progress.target.store.location.deduplicationScope] = round + 1
            if round == rounds.count { rounds.append([]) }
            rounds[round].append(progress)
        }
        return rounds
    }

    private func copy(_ blob: Descriptor, toRound all: [TargetCopyProgress]) async throws {
        // Claims are made in the same order everywhere, so two images that claim the same blob
        // never wait for each other.
        var claims: [Claim] = []
        // A canceled copy has stored nothing, even if no target failed.
        var isDone = false
        defer { for claim in claims { settle(claim, isDone: isDone) } }
        for progress in all where progress.failure == nil {
            guard !progress.isAssumedPresent(blob.digest) || progress.probe?.digest == blob.digest
            else {
                progress.assumePresent(blob)
                continue
            }
            switch try await tracker.claim(blob.digest, at: progress.target.store.location) {
            case .present: progress.record(blob, .present)
            case .granted(let mountSource):
                claims.append(
                    Claim(
                        blob: blob, progress: progress, mountSource: mountSource,
                        presence: progress.isLikelyPresent(blob.digest) ? .likely : .unknown))
            }
        }
        let lacking = try await lacking(claims)
        if !lacking.isEmpty {
            try await job.scanning(blob) { tap in
                try await limiter.withTransfer(
                    of: blob, for: job.name, targetCount: lacking.count, isScanned: tap != nil
                ) { transfer in
                    try await send(blob, to: lacking, counting: transfer, tap: tap)
                }
            }
        }
        isDone = true
    }

    /// Resumes the tasks that wait for this blob.
    private func settle(_ claim: Claim, isDone: Bool) {
        tracker.settle(
            claim.blob.digest, at: claim.store.location,
            isStored: isDone && claim.progress.failure == nil)
    }

    /// Returns the claims whose store may lack the blob, before a transfer waits for its permits.
    private func lacking(_ claims: [Claim]) async throws -> [Claim] {
        var lacking: [Claim] = []
        for var claim in claims {
            var exists: Bool?
            try await claim.progress.attempt {
                exists = try await attributingErrors(to: .target, at: claim.store.location) {
                    try await claim.store.existsBeforePush(blob: claim.blob)
                }
            }
            guard claim.progress.failure == nil else { continue }
            if exists == true {
                claim.progress.record(claim.blob, .present)
            } else {
                if exists == false { claim.presence = .absent }
                lacking.append(claim)
            }
        }
        return lacking
    }

    // MARK: Sending

    private func send(
        _ blob: Descriptor, to claims: [Claim], counting transfer: BlobTransfer, tap: LayerTap?
    ) async throws {
        guard claims.count > 1 else {
            for claim in claims {
                try await send(claim) {
                    transfer.addTarget(claim.store)
                    try await transfer.waitForTargets()
                    return try await job.open(blob, counting: transfer, tap: tap)
                }
            }
            return
        }
        let broadcast = AsyncBroadcast<[UInt8]>(readers: claims.count)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, claim) in claims.enumerated() {
                group.addTask {
                    defer { broadcast.leave(number, isComplete: claim.progress.failure == nil) }
                    try await send(claim) {
                        transfer.addTarget(claim.store)
                        if let shared = broadcast.join(number) { return shared }
                        return try await reopen(
                            blob, for: number, of: claims, after: broadcast, counting: transfer)
                    }
                }
            }
            group.addTask {
                try await broadcast.run {
                    try await transfer.waitForTargets()
                    return try await job.open(blob, counting: transfer, tap: tap)
                }
            }
            try await group.waitForAll()
        }
    }

    /// Opens the blob for a target whose upload restarts.
    ///
    /// Prefers another target that has received the blob by then to the source.
    private func reopen(
        _ blob: Descriptor, for number: Int, of claims: [Claim],
        after broadcast: AsyncBroadcast<[UInt8]>,
        counting transfer: BlobTransfer
    ) async throws -> ByteStream {
        if let completed = try await broadcast.completedReader(besides: number),
            let stream = try? await job.open(
                blob, in: claims[completed].store, counting: transfer)
        {
            return stream
        }
        return try await job.open(blob, counting: transfer)
    }

    private func send(
        _ claim: Claim, open: @escaping @Sendable () async throws -> ByteStream
    ) async throws {
        try await claim.progress.attempt {
            let (blob, store, progress) = (claim.blob, claim.store, claim.progress)
            var presence = claim.presence
            let result = try await write(to: store) {
                // After a digest mismatch, what the store has is not trusted.
                defer { presence = .absent }
                return try await store.push(
                    blob: blob, expecting: presence, mountingFrom: claim.mountSource, open: open)
            }
            if result == .uploaded, progress.isAssumedPresent(blob.digest) {
                progress.distrustReplaced()
            }
            progress.record(blob, result)
        }
    }

    private func write(
        to store: any ContentStore, _ push: () async throws -> BlobPushResult
    ) async throws -> BlobPushResult {
        try await retryingOnDigestMismatch {
            try await attributingErrors(to: .target, at: store.location, push)
        }
    }
}
