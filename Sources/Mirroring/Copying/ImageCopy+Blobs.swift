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
        let transfer = newTransfer(of: blob)
        _ = try await transfers.run(transfer) {
            try await target.push(blob, expecting: .absent, mountingFrom: nil) {
                transfer.addTarget(target.store)
                return try await transfer.openForTargets()
            }
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
            let target = claim.target
            var exists: Bool?
            try await target.attempt {
                exists = try await target.atTarget { try await $0.existsBeforePush(blob: blob) }
            }
            guard target.failure == nil else { continue }
            if exists == true {
                target.record(blob, .present)
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
        func run(scanningWith tap: LayerTap?) async throws {
            let transfer = newTransfer(of: blob, scanningWith: tap)
            try await transfers.run(transfer, targetCount: claims.count) {
                guard claims.count > 1 else {
                    return try await send(transfer, to: claims[0], transfer.openForTargets)
                }
                try await broadcast(transfer, to: claims)
            }
        }
        guard let layer = layersToScan[blob.digest], let scanCache else {
            return try await run(scanningWith: nil)
        }
        try await scanCache.scanning(layer, while: run)
    }

    private func newTransfer(
        of blob: Descriptor, scanningWith tap: LayerTap? = nil
    ) -> BlobTransfer {
        BlobTransfer(
            of: blob, for: name, from: sources, cached: configBlobs[blob.digest],
            scanningWith: tap, in: transfers.progress)
    }

    private func broadcast(_ transfer: BlobTransfer, to claims: [Claim]) async throws {
        let broadcast = AsyncBroadcast<[UInt8]>(readers: claims.count)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, claim) in claims.enumerated() {
                group.addTask {
                    defer { broadcast.leave(number, isComplete: claim.target.failure == nil) }
                    try await send(transfer, to: claim) {
                        if let shared = broadcast.join(number) { return shared }
                        // An upload that restarts prefers another target that has received the
                        // blob by then to the source.
                        if let completed = try await broadcast.completedReader(besides: number),
                            let stream = try? await transfer.openAgain(
                                in: claims[completed].target.store)
                        {
                            return stream
                        }
                        return try await transfer.openAgain()
                    }
                }
            }
            group.addTask { try await broadcast.run { try await transfer.openForTargets() } }
            try await group.waitForAll()
        }
    }

    /// Sends the blob to a target, unless the copy to it has failed.
    ///
    /// - Throws: `CancellationError`. Other failures are recorded at the target.
    private func send(
        _ transfer: BlobTransfer, to claim: Claim,
        _ open: @escaping @Sendable () async throws -> ByteStream
    ) async throws {
        let (blob, target) = (transfer.blob, claim.target)
        try await target.attempt {
            let result = try await target.push(
                blob, expecting: claim.presence, mountingFrom: claim.mountSource
            ) {
                transfer.addTarget(target.store)
                return try await open()
            }
            if result == .uploaded, target.isAssumedPresent(blob.digest) {
                target.distrustReplaced()
            }
        }
    }
}
