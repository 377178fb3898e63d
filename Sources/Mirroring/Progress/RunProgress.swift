// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Synchronization

/// How far a run has come: counters that the work turns and a display samples.
///
/// A piece of a blob costs two atomic stores, an image or a blob one short lock. Nobody is called back,
/// so a run that is looked at goes as fast as one that is not. Whatever has things to go through can
/// use it: `expect`, then `begin` and `finish` for each.
public final class RunProgress: Sendable {
    private struct State {
        var total = 0
        var begun = 0
        var finished = 0
        var troubled = 0
        /// What is being looked at, the first one first.
        var inHand: [String] = []
        /// Each blob that was announced, and whether nothing is left to do about it.
        var blobs: [Digest: Bool] = [:]
        var expectedBytes = 0
        var settledBytes = 0
        var transfers: [BlobTransfer] = []
    }

    private let state = Mutex(State())
    /// Bytes of blobs that were read since the beginning, repeated ones included.
    let readBytes = Atomic<Int>(0)

    /// Begins with nothing.
    public init() {}

    // MARK: Images, or whatever is gone through

    /// Announces so many things; they add up.
    public func expect(_ count: Int) {
        state.withLock { $0.total += count }
    }

    /// One of them is looked at.
    public func begin(_ name: String) {
        state.withLock { state in
            state.begun += 1
            state.inHand.append(name)
        }
    }

    /// One of them is done, well or not.
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

    /// Announces blobs that have to get somewhere; one that was announced before counts once.
    func expect(_ blobs: [Descriptor]) {
        state.withLock { state in
            for blob in blobs where state.blobs[blob.digest] == nil {
                state.blobs[blob.digest] = false
                state.expectedBytes = state.expectedBytes.plus(blob.size)
            }
        }
    }

    /// Notes that nothing is left to do about a blob, however that came about.
    func settle(_ blob: Descriptor) {
        state.withLock { state in
            guard state.blobs[blob.digest] == false else { return }
            state.blobs[blob.digest] = true
            state.settledBytes = state.settledBytes.plus(blob.size)
        }
    }

    /// Shows a transfer for as long as `body` runs.
    func showing<Value>(
        _ transfer: BlobTransfer, _ body: () async throws -> Value
    ) async rethrows -> Value {
        state.withLock { $0.transfers.append(transfer) }
        defer { state.withLock { $0.transfers.removeAll { $0 === transfer } } }
        return try await body()
    }

    // MARK: Sampling

    /// How far it has come by now.
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
