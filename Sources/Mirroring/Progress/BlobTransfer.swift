// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Synchronization

/// One blob on its way, as far as it has been read.
final class BlobTransfer: Sendable {
    let blob: Descriptor
    private let name: String
    private let progress: RunProgress
    private let position = Atomic<Int>(0)

    /// Begins with nothing read.
    ///
    /// - Parameters:
    ///   - blob: what is read.
    ///   - name: for what, as people know it.
    ///   - progress: the run's.
    init(of blob: Descriptor, for name: String, in progress: RunProgress) {
        self.blob = blob
        self.name = name
        self.progress = progress
    }

    /// Notes a piece; a blob that is read again begins at the front again.
    func note(_ count: Int, endingAt end: Int) {
        position.store(end, ordering: .relaxed)
        progress.readBytes.add(count, ordering: .relaxed)
    }

    var sample: ProgressSample.BlobTransfer {
        ProgressSample.BlobTransfer(
            name: name, digest: blob.digest.short,
            done: min(position.load(ordering: .relaxed), blob.size), size: blob.size)
    }
}
