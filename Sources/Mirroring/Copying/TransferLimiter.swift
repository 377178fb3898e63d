// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import AsyncPrimitives

/// How many blob bodies are on their way at once.
///
/// Small ones have places of their own, so that configurations and the like never wait behind layers
/// that take minutes, and an image of small blobs is done long before one of large ones.
struct TransferLimiter: Sendable {
    /// What counts as small: such a body is over in the time of a few requests.
    static let small = 256 << 10

    /// How many bodies are on their way at once, small ones aside.
    let count: Int

    private let large: AsyncSemaphore
    private let small: AsyncSemaphore
    let progress: RunProgress

    /// Makes places for `count` bodies, and as many for small ones.
    init(_ count: Int, _ progress: RunProgress = RunProgress()) {
        self.count = count
        large = AsyncSemaphore(count)
        small = AsyncSemaphore(count)
        self.progress = progress
    }

    /// Runs the transfer of a blob as soon as it has a place.
    ///
    /// - Parameters:
    ///   - blob: what is read.
    ///   - name: for which image, as people know it.
    ///   - body: reads the blob, and notes how far it has come.
    /// - Returns: what `body` returned.
    /// - Throws: `CancellationError`, or what `body` threw.
    func withPlace<Value>(
        for blob: Descriptor, of name: String, _ body: (BlobTransfer) async throws -> Value
    ) async throws -> Value {
        try await (blob.size > Self.small ? large : small).withSlot {
            let transfer = BlobTransfer(of: blob, for: name, in: progress)
            return try await progress.showing(transfer) { try await body(transfer) }
        }
    }
}
