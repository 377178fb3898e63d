// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Synchronization

/// The progress of a run: counters that tasks increment and a display samples.
///
/// A chunk of a blob costs two atomic stores, an image or a blob one short lock. There are no
/// callbacks, so a display does not slow down the run. `expect` announces the number of items;
/// `start` and `finish` are called for each item.
public final class RunProgress: Sendable {
    private struct State {
        var total = 0
        var begun = 0
        var finished = 0
        var troubled = 0
        /// The names of the items in progress, in the order in which they were started.
        var inHand: [String] = []
        /// The announced blobs, and for each whether it is completed.
        var blobs: [Digest: Bool] = [:]
        var expectedBytes = 0
        var settledBytes = 0
        var transfers: [BlobTransfer] = []
    }

    private let state = Mutex(State())
    /// The number of bytes of blobs that were read, including repeated ones.
    let readBytes = Atomic<Int>(0)

    /// Creates a progress in which nothing was started.
    public init() {}

    // MARK: Images, or whatever is gone through

    /// Adds to the number of expected items.
    public func expect(_ count: Int) {
        state.withLock { $0.total += count }
    }

    /// Records that an item was started.
    public func begin(_ name: String) {
        state.withLock { state in
            state.begun += 1
            state.inHand.append(name)
        }
    }

    /// Records that an item is finished.
    public func finish(_ name: String, isWell: Bool = true) {
        state.withLock { state in
            state.finished += 1
            if !isWell { state.troubled += 1 }
            if let position = state.inHand.firstIndex(of: name) {
                state.inHand.remove(at: position)
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

    /// Records that a blob needs no more work.
    func settle(_ blob: Descriptor) {
        state.withLock { state in
            guard state.blobs[blob.digest] == false else { return }
            state.blobs[blob.digest] = true
            state.settledBytes = state.settledBytes.plus(blob.size)
        }
    }

    /// Runs `body` and lists a transfer in samples meanwhile.
    func showing<Value>(
        _ transfer: BlobTransfer, _ body: () async throws -> Value
    ) async rethrows -> Value {
        state.withLock { $0.transfers.append(transfer) }
        defer { state.withLock { $0.transfers.removeAll { $0 === transfer } } }
        return try await body()
    }

    // MARK: Sampling

    /// A snapshot of the progress.
    public var sample: ProgressSample {
        let state = state.withLock { $0 }
        let transfers = state.transfers.map(\.sample)
        let moving = state.transfers.filter { state.blobs[$0.blob.digest] == false }
        return ProgressSample(
            total: state.total, begun: state.begun, finished: state.finished,
            troubled: state.troubled, inHand: state.inHand, expectedBytes: state.expectedBytes,
            arrivedBytes: moving.reduce(state.settledBytes) { $0.plus($1.sample.done) },
            readBytes: readBytes.load(ordering: .relaxed),
            transfers: transfers.filter { $0.done > 0 })
    }
}
