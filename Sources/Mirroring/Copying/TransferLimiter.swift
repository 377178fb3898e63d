// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import LayerScanning
internal import OCI
internal import Synchronization

/// Limits the number of concurrent blob transfers over all hosts.
///
/// Each store limits its own transfers by what its connection carries (``TransferPermit``). This
/// limit bounds the memory of all transfers together, and is the one that the user sets.
///
/// Small blobs have a limit of their own, so that config blobs do not wait behind layers that take
/// minutes, and an image of small blobs is finished long before one of large blobs. So do layers
/// that are scanned: a scan process takes memory, and a layer that waits for one blocks its
/// connections.
struct TransferLimiter: Sendable {
    /// The number of transfers of each kind without a setting.
    ///
    /// A blob that is written to several targets counts as several transfers then, because each
    /// target needs buffers.
    static let usualCount = 64

    /// The maximum number of concurrent transfers of scanned layers.
    let scanCount: Int

    private let large: AsyncSemaphore
    private let small: AsyncSemaphore
    private let scanned: AsyncSemaphore
    private let countsTargets: Bool
    let progress: RunProgress

    /// Creates a limiter.
    ///
    /// - Parameters:
    ///   - count: The maximum number of transfers of large blobs, and of small ones; `nil` for the
    ///     usual one.
    ///   - progress: The progress of the run.
    init(_ count: Int? = nil, _ progress: RunProgress = RunProgress()) {
        countsTargets = count == nil
        let count = count ?? Self.usualCount
        scanCount = min(count, LayerScanner.maximumConcurrency)
        large = AsyncSemaphore(count)
        small = AsyncSemaphore(count)
        scanned = AsyncSemaphore(scanCount)
        self.progress = progress
    }

    /// Waits for a permit, then runs the transfer of a blob.
    ///
    /// - Parameters:
    ///   - blob: The blob to read.
    ///   - name: The name of the image in the progress display.
    ///   - targetCount: The number of stores that the blob is written to.
    ///   - isScanned: A Boolean value that indicates whether the blob is a layer that is scanned.
    ///   - body: Reads the blob and records its progress.
    /// - Returns: The result of `body`.
    /// - Throws: `CancellationError`, or the error of `body`.
    func withTransfer<Value>(
        of blob: Descriptor, for name: String, targetCount: Int = 1, isScanned: Bool = false,
        _ body: (BlobTransfer) async throws -> Value
    ) async throws -> Value {
        let semaphore = isScanned ? scanned : blob.isSmall ? small : large
        let isLarge = !isScanned && !blob.isSmall
        let permits = countsTargets && isLarge ? min(max(targetCount, 1), Self.usualCount) : 1
        return try await semaphore.withPermits(permits) {
            let transfer = BlobTransfer(of: blob, for: name, in: progress)
            defer { transfer.end() }
            return try await progress.withTransfer(transfer) { try await body(transfer) }
        }
    }
}

/// One blob that is read, and written to any number of stores.
final class BlobTransfer: Sendable {
    let blob: Descriptor
    private let name: String
    private let progress: RunProgress
    private let position = Atomic<Int>(0)
    private let targets = Mutex(Targets())
    /// Measures the transfer, without its waits for permits.
    private let meter = ActivityMeter.current

    /// The stores that the blob is written to.
    private struct Targets {
        var waiting: [any ContentStore] = []
        var locations: Set<StoreLocation> = []
        var permits: [any TransferPermit] = []
        var isMeasured = false
    }

    /// Creates a transfer of which nothing has been read.
    ///
    /// - Parameters:
    ///   - blob: The blob.
    ///   - name: The name of the image in the progress display.
    ///   - progress: The progress of the run.
    init(of blob: Descriptor, for name: String, in progress: RunProgress) {
        self.blob = blob
        self.name = name
        self.progress = progress
    }

    /// Records a chunk of `count` bytes that ends at an offset, which is smaller if the blob is
    /// read again.
    func record(_ count: Int, endingAt end: Int) {
        position.store(end, ordering: .relaxed)
        progress.readBytes.add(count, ordering: .relaxed)
    }

    // MARK: Permits

    /// Adds a store that the blob will be written to, once for all its attempts.
    func addTarget(_ store: any ContentStore) {
        targets.withLock { targets in
            guard targets.locations.insert(store.location).inserted else { return }
            targets.waiting.append(store)
        }
    }

    /// Waits until the blob may be written to all added stores.
    ///
    /// They are waited for in the same order in all transfers. Otherwise, two transfers could wait
    /// for each other.
    ///
    /// - Throws: `CancellationError`.
    func waitForTargets() async throws {
        let stores = targets.withLock { targets in
            defer { targets.waiting = [] }
            return targets.waiting
        }
        let order = stores.sorted {
            $0.location.deduplicationScope < $1.location.deduplicationScope
        }
        for store in order {
            guard let permit = try await store.permitToWrite(blob) else { continue }
            targets.withLock { $0.permits.append(permit) }
        }
    }

    /// Opens the blob as soon as another one may be read.
    ///
    /// - Returns: The stream, which holds the permit of the source.
    /// - Throws: The error of the source, or `CancellationError`.
    func open(in source: any ContentSource) async throws -> ByteStream {
        let permit = try await source.permitToRead(blob)
        let permits = targets.withLock { $0.permits } + [permit].compactMap(\.self)
        for permit in permits { permit.start() }
        let isFirst = targets.withLock { targets in
            defer { targets.isMeasured = meter != nil }
            return !targets.isMeasured
        }
        if isFirst { meter?.begin() }
        let stream = try await source.fetch(blob: blob)
        for permit in permits { permit.respond() }
        return permit.map { PermittedStream(stream, holding: $0) } ?? stream
    }

    /// Returns the permits of the stores.
    func end() {
        let (permits, isMeasured) = targets.withLock { targets in
            defer {
                targets.permits = []
                targets.isMeasured = false
            }
            return (targets.permits, targets.isMeasured)
        }
        if isMeasured { meter?.end() }
        for permit in permits { permit.release() }
    }

    // MARK: Progress

    var sample: ProgressSample.BlobTransfer {
        ProgressSample.BlobTransfer(
            name: name, platform: progress.platform(of: blob.digest), digest: blob.digest.short,
            readBytes: min(position.load(ordering: .relaxed), blob.size), size: blob.size)
    }
}
