// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import LayerScanning
internal import OCI

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
