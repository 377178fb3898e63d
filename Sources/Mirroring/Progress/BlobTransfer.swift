// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Synchronization

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
