// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import LayerScanning
internal import OCI

/// The blob transfers of a run: how many are in progress, and which repository has each blob.
///
/// Each digest is uploaded once to a registry: a task that needs it in another repository of the
/// same registry waits for the first upload and mounts the blob from there.
///
/// Each store limits its own transfers by what its connection carries (``TransferPermit``). The limit
/// over all hosts bounds the memory of all transfers together, and is the one that the user sets.
///
/// Small blobs have a limit of their own, so that config blobs do not wait behind layers that take
/// minutes, and an image of small blobs is finished long before one of large blobs. So do layers
/// that are scanned: a scan process takes memory, and a layer that waits for one blocks its
/// connections.
struct BlobTransfers: Sendable {
    /// The number of transfers of each kind without a setting.
    ///
    /// A blob that is written to several targets counts as several transfers then, because each
    /// target needs buffers.
    static let usualCount = 64

    /// The result of a claim.
    enum ClaimResult: Sendable {
        /// The blob is present.
        case present
        /// The caller must push the blob, or mount it from `mountSource`, and then call `settle`.
        case granted(mountSource: StoreLocation?)
    }

    /// A digest in one registry or layout.
    private struct Key: Hashable, Sendable {
        let scope: String
        let digest: Digest

        init(_ digest: Digest, _ location: StoreLocation) {
            self.digest = digest
            scope = location.deduplicationScope
        }
    }

    /// The maximum number of concurrent transfers of scanned layers.
    let scanCount: Int
    /// The progress of the run.
    let progress: RunProgress
    /// A monotonic clock.
    let now: @Sendable () -> Duration

    private let large: AsyncSemaphore
    private let small: AsyncSemaphore
    private let scanned: AsyncSemaphore
    private let countsTargets: Bool
    /// The locations of the blobs; a value is `false` while the blob is being sent there.
    private let blobs = AsyncCondition<[Key: [StoreLocation: Bool]]>([:])

    /// Creates the transfers of a run.
    ///
    /// - Parameters:
    ///   - count: The maximum number of transfers of large blobs, and of small ones; `nil` for the
    ///     usual one.
    ///   - progress: The progress of the run.
    ///   - scanCount: The maximum number of transfers of scanned layers.
    ///   - now: A monotonic clock; `nil` for the system clock.
    init(
        _ count: Int? = nil, _ progress: RunProgress = RunProgress(),
        scanCount: Int = LayerScanner.maximumConcurrency, now: (@Sendable () -> Duration)? = nil
    ) {
        let start = ContinuousClock.now
        self.now = now ?? { ContinuousClock.now - start }
        countsTargets = count == nil
        let count = count ?? Self.usualCount
        large = AsyncSemaphore(count)
        small = AsyncSemaphore(count)
        scanned = AsyncSemaphore(scanCount)
        self.scanCount = scanCount
        self.progress = progress
    }

    /// Waits for a permit, then runs a transfer.
    ///
    /// - Parameters:
    ///   - transfer: The transfer.
    ///   - targetCount: The number of stores that the blob is written to.
    ///   - body: Reads the blob through the transfer.
    /// - Returns: The result of `body`.
    /// - Throws: `CancellationError`, or the error of `body`.
    func run<Value>(
        _ transfer: BlobTransfer, targetCount: Int = 1, _ body: () async throws -> Value
    ) async throws -> Value {
        let isSmall = transfer.blob.isSmall
        let semaphore = transfer.isScanned ? scanned : isSmall ? small : large
        let countsTargets = countsTargets && !transfer.isScanned && !isSmall
        let permits = countsTargets ? min(max(targetCount, 1), Self.usualCount) : 1
        return try await semaphore.withPermits(permits) {
            progress.begin(transfer)
            defer {
                progress.end(transfer)
                transfer.end()
            }
            return try await body()
        }
    }

    // MARK: Claims

    /// Waits until the blob is present at `location` or the caller is the one that must copy it.
    ///
    /// - Throws: `CancellationError`.
    func claim(_ digest: Digest, at location: StoreLocation) async throws -> ClaimResult {
        let key = Key(digest, location)
        return try await blobs.take { blobs in
            let locations = blobs[key] ?? [:]
            if locations[location] == true { return .present }
            guard !locations.values.contains(false) else { return nil }
            blobs[key, default: [:]][location] = false
            return .granted(mountSource: locations.keys.first)
        }
    }

    /// Ends a granted claim; `isStored` indicates whether the blob is now present.
    func settle(_ digest: Digest, at location: StoreLocation, isStored: Bool) {
        blobs.change {
            $0[Key(digest, location), default: [:]][location] = isStored ? true : nil
        }
    }
}

extension StoreLocation {
    /// The registry or layout, within which a blob is stored once.
    var deduplicationScope: String {
        switch self {
        case .repository(let repository): repository.registry.name
        case .layout(let directory): "oci:\(directory)"
        }
    }
}
