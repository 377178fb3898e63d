// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import AsyncPrimitives
internal import struct Synchronization.Atomic
internal import Validation

/// The progress of a run: counters that tasks increment and a display samples.
///
/// A chunk of a blob costs two atomic stores, an item or a blob one short lock. There are no
/// callbacks, so a display does not slow down the run. An item is an image or another unit that a
/// command processes: `expect` adds to the number of items, and `start` and `finish` are called for
/// each.
public final class RunProgress: Sendable {
    private struct State {
        var totalCount = 0
        var startedCount = 0
        var finishedCount = 0
        var failedCount = 0
        /// The names of the items in progress, in the order in which they were started.
        var activeNames: [String] = []
        /// The expected blobs; a value is `true` if the blob is completed.
        var blobs: [Digest: Bool] = [:]
        var expectedBytes = 0
        var completedBlobBytes = 0
        var transfers: [BlobTransfer] = []
        /// The platforms of blobs; a value is `nil` if the blob belongs to several.
        var platforms: [Digest: String?] = [:]
    }

    private let state = Mutex(State())
    /// The number of bytes of blobs that were read, including repeated ones.
    let readBytes = Atomic<Int>(0)

    /// Creates a progress without items.
    public init() {}

    // MARK: Items

    /// Adds to the number of expected items.
    public func expect(_ count: Int) {
        state.withLock { $0.totalCount += count }
    }

    /// Records that an item was started.
    public func start(_ name: String) {
        state.withLock { state in
            state.startedCount += 1
            state.activeNames.append(name)
        }
    }

    /// Records that an item is finished.
    public func finish(_ name: String, isSuccess: Bool = true) {
        state.withLock { state in
            state.finishedCount += 1
            if !isSuccess { state.failedCount += 1 }
            if let position = state.activeNames.firstIndex(of: name) {
                state.activeNames.remove(at: position)
            }
        }
    }

    // MARK: Blobs

    /// Adds blobs that must be at a target.
    ///
    /// Each digest counts once.
    func expect(_ blobs: [Descriptor]) {
        state.withLock { state in
            for blob in blobs where state.blobs[blob.digest] == nil {
                state.blobs[blob.digest] = false
                state.expectedBytes = state.expectedBytes.plus(blob.size)
            }
        }
    }

    /// Records the platforms of an image's blobs, for the display of transfers.
    func recordPlatforms(of image: LoadedImage) {
        let known = image.images.flatMap { image in
            ([image.manifest.config] + image.manifest.layers).map {
                (digest: $0.digest, platform: image.platform?.description)
            }
        }
        state.withLock { state in
            for (digest, platform) in known {
                if let other = state.platforms[digest] {
                    if other != platform { state.platforms.updateValue(nil, forKey: digest) }
                } else {
                    state.platforms.updateValue(platform, forKey: digest)
                }
            }
        }
    }

    /// Returns the only platform that a blob belongs to.
    func platform(of blob: Digest) -> String? { state.withLock { $0.platforms[blob] ?? nil } }

    /// Records that a blob is present at all targets, or is no longer needed.
    func complete(_ blob: Descriptor) {
        state.withLock { state in
            guard state.blobs[blob.digest] == false else { return }
            state.blobs[blob.digest] = true
            state.completedBlobBytes = state.completedBlobBytes.plus(blob.size)
        }
    }

    /// Adds a transfer to the samples.
    func begin(_ transfer: BlobTransfer) { state.withLock { $0.transfers.append(transfer) } }

    /// Removes a transfer from the samples.
    func end(_ transfer: BlobTransfer) {
        state.withLock { $0.transfers.removeAll { $0 === transfer } }
    }

    // MARK: Sampling

    /// The numbers of finished and of all images.
    public var imageCounts: (finished: Int, total: Int) {
        state.withLock { ($0.finishedCount, $0.totalCount) }
    }

    /// A snapshot of the progress.
    public var sample: ProgressSample {
        let state = state.withLock { $0 }
        let transfers = state.transfers.map(\.sample)
        let pending = state.transfers.filter { state.blobs[$0.blob.digest] == false }
        return ProgressSample(
            totalCount: state.totalCount, startedCount: state.startedCount,
            finishedCount: state.finishedCount,
            failedCount: state.failedCount, activeNames: state.activeNames,
            expectedBytes: state.expectedBytes,
            completedBytes: pending.reduce(state.completedBlobBytes) {
                $0.plus($1.sample.readBytes)
            },
            readBytes: readBytes.load(ordering: .relaxed),
            transfers: transfers.filter { $0.readBytes > 0 })
    }
}
