// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import OCI
internal import Synchronization

/// Limits the number of concurrent blob transfers.
///
/// Small blobs have a limit of their own, so that config blobs do not wait behind layers that take
/// minutes, and an image of small blobs is finished long before one of large blobs.
struct TransferLimiter: Sendable {
    /// The size in bytes up to which a blob is small: its transfer takes as long as a few requests.
    static let maximumSmallSize = 256 << 10

    /// The maximum number of concurrent transfers of large blobs, and of small blobs.
    let count: Int

    private let large: AsyncSemaphore
    private let small: AsyncSemaphore
    let progress: RunProgress

    /// Creates a limiter that permits `count` transfers of large blobs and `count` of small ones.
    init(_ count: Int, _ progress: RunProgress = RunProgress()) {
        self.count = count
        large = AsyncSemaphore(count)
        small = AsyncSemaphore(count)
        self.progress = progress
    }

    /// Waits for a permit, then runs the transfer of a blob.
    ///
    /// - Parameters:
    ///   - blob: The blob to read.
    ///   - name: The name of the image in the progress display.
    ///   - body: Reads the blob and records its progress.
    /// - Returns: The result of `body`.
    /// - Throws: `CancellationError`, or the error of `body`.
    func withTransfer<Value>(
        of blob: Descriptor, for name: String, _ body: (BlobTransfer) async throws -> Value
    ) async throws -> Value {
        try await (blob.size > Self.maximumSmallSize ? large : small).withPermit {
            let transfer = BlobTransfer(of: blob, for: name, in: progress)
            return try await progress.withTransfer(transfer) { try await body(transfer) }
        }
    }
}

/// The progress of reading one blob.
final class BlobTransfer: Sendable {
    let blob: Descriptor
    private let name: String
    private let progress: RunProgress
    private let position = Atomic<Int>(0)

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

    var sample: ProgressSample.BlobTransfer {
        ProgressSample.BlobTransfer(
            name: name, digest: blob.digest.short,
            readBytes: min(position.load(ordering: .relaxed), blob.size), size: blob.size)
    }
}
