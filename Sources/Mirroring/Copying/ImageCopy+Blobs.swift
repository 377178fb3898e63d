// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import LayerScanning
internal import OCI

/// The copy of one blob to all targets that lack it, reading it once.
extension ImageCopy {
    /// A target that may lack a blob.
    private struct Claim {
        let target: TargetCopy
        let mountSource: StoreLocation?
        var presence: ExpectedPresence
    }

    /// Copies a blob to each target whose copy has not failed.
    ///
    /// - Throws: `CancellationError`. Other failures are recorded at their target.
    func copy(_ blob: Descriptor, to all: [TargetCopy]) async throws {
        for round in rounds(of: all) { try await copy(blob, toRound: round) }
    }

    /// Pushes a blob to one target, even if the target reports that it is present.
    ///
    /// - Throws: ``CopyError`` or `CancellationError`.
    func resend(_ blob: Descriptor, to target: TargetCopy) async throws {
        try await transfers.withTransfer(of: blob, for: name, scanningWith: nil) { transfer in
            let claim = Claim(target: target, mountSource: nil, presence: .absent)
            _ = try await push(transfer, to: claim) { try await openWhenPermitted(transfer) }
        }
    }

    /// Returns the targets in rounds with at most one target per registry.
    ///
    /// The second target in a registry mounts the blob from the first. If both were served at once,
    /// the second would wait forever.
    private func rounds(of all: [TargetCopy]) -> [[TargetCopy]] {
        var rounds: [[TargetCopy]] = []
        var seen: [String: Int] = [:]
        for target in all {
            let round = seen[target.location.deduplicationScope, default: 0]
            seen[target.location.deduplicationScope] = round + 1
            if round == rounds.count { rounds.append([]) }
            rounds[round].append(target)
        }
        return rounds
    }

    private func copy(_ blob: Descriptor, toRound all: [TargetCopy]) async throws {
        // Claims are made in the same order everywhere, so two images that claim the same blob
        // never wait for each other.
        var claims: [Claim] = []
        // A canceled copy has stored nothing, even if no target failed.
        var isDone = false
        defer {
            for claim in claims {
                transfers.settle(
                    blob.digest, at: claim.target.location,
                    isStored: isDone && claim.target.failure == nil)
            }
        }
        for target in all where target.failure == nil {
            guard !target.isAssumedPresent(blob.digest) || target.probe?.digest == blob.digest
            else {
                target.assumePresent(blob)
                continue
            }
            switch try await transfers.claim(blob.digest, at: target.location) {
            case .present: target.record(blob, .present)
            case .granted(let mountSource):
                claims.append(
                    Claim(
                        target: target, mountSource: mountSource,
                        presence: target.isLikelyPresent(blob.digest) ? .likely : .unknown))
            }
        }
        let lacking = try await lacking(blob, among: claims)
        if !lacking.isEmpty { try await transfer(blob, to: lacking) }
        isDone = true
    }

    /// Returns the claims whose store may lack the blob, before a transfer waits for its permits.
    private func lacking(_ blob: Descriptor, among claims: [Claim]) async throws -> [Claim] {
        var lacking: [Claim] = []
        for var claim in claims {
            let store = claim.target.store
            var exists: Bool?
            try await claim.target.attempt {
                exists = try await attributingErrors(to: .target, at: store.location) {
                    try await store.existsBeforePush(blob: blob)
                }
            }
            guard claim.target.failure == nil else { continue }
            if exists == true {
                claim.target.record(blob, .present)
            } else {
                if exists == false { claim.presence = .absent }
                lacking.append(claim)
            }
        }
        return lacking
    }

    // MARK: Transfers

    /// Sends the blob to all claims at the pace of the slowest, and scans a layer meanwhile if it
    /// has to be validated.
    private func transfer(_ blob: Descriptor, to claims: [Claim]) async throws {
        try await scanning(blob) { tap in
            try await transfers.withTransfer(
                of: blob, for: name, targetCount: claims.count, scanningWith: tap
            ) { transfer in
                if claims.count == 1 {
                    try await send(transfer, to: claims[0]) {
                        try await openWhenPermitted(transfer)
                    }
                } else {
                    try await broadcast(transfer, to: claims)
                }
            }
        }
    }

    private func scanning(
        _ blob: Descriptor, while body: (LayerTap?) async throws -> Void
    ) async throws {
        guard let validation else { return try await body(nil) }
        try await validation.scanning(blob, while: body)
    }

    private func broadcast(_ transfer: BlobTransfer, to claims: [Claim]) async throws {
        let broadcast = AsyncBroadcast<[UInt8]>(readers: claims.count)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, claim) in claims.enumerated() {
                group.addTask {
                    defer { broadcast.leave(number, isComplete: claim.target.failure == nil) }
                    try await send(transfer, to: claim) {
                        if let shared = broadcast.join(number) { return shared }
                        return try await reopen(
                            transfer, for: number, of: claims, after: broadcast)
                    }
                }
            }
            group.addTask {
                try await broadcast.run { try await openWhenPermitted(transfer) }
            }
            try await group.waitForAll()
        }
    }

    /// Opens the blob for the targets of the transfer, as soon as they may be written to.
    private func openWhenPermitted(_ transfer: BlobTransfer) async throws -> ByteStream {
        try await transfer.waitForTargets()
        return try await open(transfer)
    }

    /// Opens the blob for a target whose upload restarts.
    ///
    /// Prefers another target that has received the blob by then to the source.
    private func reopen(
        _ transfer: BlobTransfer, for number: Int, of claims: [Claim],
        after broadcast: AsyncBroadcast<[UInt8]>
    ) async throws -> ByteStream {
        if let completed = try await broadcast.completedReader(besides: number),
            let stream = try? await transfer.open(
                in: claims[completed].target.store, isScanned: false)
        {
            return stream
        }
        return try await open(transfer, isScanned: false)
    }

    /// Opens the blob from memory or from the first source that has it.
    private func open(
        _ transfer: BlobTransfer, isScanned: Bool = true
    ) async throws -> ByteStream {
        if let bytes = configBlobs[transfer.blob.digest] {
            return VerifiedStream(BytesInMemory(bytes), verifying: transfer.blob)
        }
        var last: CopyError?
        for source in sources {
            do {
                return try await transfer.open(in: source, isScanned: isScanned)
            } catch let error as CopyError {
                // The upstream source is the last one, and its error is the relevant one.
                last = error
            }
        }
        guard let last else { preconditionFailure("at least one source is required") }
        throw last
    }

    // MARK: Pushes

    /// Sends the blob to a target, unless the copy to it has failed.
    ///
    /// - Throws: `CancellationError`. Other failures are recorded at the target.
    private func send(
        _ transfer: BlobTransfer, to claim: Claim,
        reading open: @escaping @Sendable () async throws -> ByteStream
    ) async throws {
        let target = claim.target
        try await target.attempt {
            let result = try await push(transfer, to: claim, reading: open)
            if result == .uploaded, target.isAssumedPresent(transfer.blob.digest) {
                target.distrustReplaced()
            }
        }
    }

    /// Pushes the blob to a target, which opens it once per attempt.
    ///
    /// - Throws: ``CopyError`` or `CancellationError`.
    private func push(
        _ transfer: BlobTransfer, to claim: Claim,
        reading open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobPushResult {
        let (blob, target) = (transfer.blob, claim.target)
        var presence = claim.presence
        let result = try await retryingOnDigestMismatch {
            // After a digest mismatch, what the store has is not trusted.
            defer { presence = .absent }
            return try await attributingErrors(to: .target, at: target.location) {
                try await target.store.push(
                    blob: blob, expecting: presence, mountingFrom: claim.mountSource
                ) {
                    transfer.addTarget(target.store)
                    return try await open()
                }
            }
        }
        target.record(blob, result)
        return result
    }
}
