// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import Synchronization

/// The state of copying one image to one of its targets.
final class TargetCopyProgress: Sendable {
    private struct State {
        var receipt = CopyReceipt()
        var new: Set<Digest> = []
        /// Blobs that were assumed to be present.
        var assumed: [Descriptor] = []
        var trustsReplaced: Bool
        var resends: [Digest: Int] = [:]
        var failure: CopyError?
    }

    let destination: CopyJob.Destination
    /// The image that the name resolved to, with the digests that are present because of it.
    let replaced: ReplacedImage?
    /// The blob that is pushed first, because it shows how the target reports existing blobs.
    let probe: Descriptor?
    /// A Boolean value that indicates whether the target is expected to have every blob of the
    /// image: it has the image's own manifest, or lost some of its content.
    private let expectsAll: Bool
    private let state: Mutex<State>

    /// The maximum number of times that the content below a manifest is pushed again.
    private static let resends = 2

    init(
        _ destination: CopyJob.Destination, replacing replaced: ReplacedImage?,
        with graph: ManifestGraph
    ) {
        self.destination = destination
        self.replaced = replaced
        self.state = Mutex(State(trustsReplaced: destination.trustsReplaced))
        self.expectsAll =
            !destination.trustsReplaced
            || destination.standing?.digest == graph.root.descriptor.digest
        self.probe = Self.probe(for: destination, replaced, graph.blobs)
    }

    /// Returns the smallest blob that the replaced image shares with the new one, or `nil` if the
    /// target is new or needs no blob.
    private static func probe(
        for destination: CopyJob.Destination, _ replaced: ReplacedImage?, _ blobs: [Descriptor]
    ) -> Descriptor? {
        guard let replaced, destination.trustsReplaced, destination.store.needsExpectedBlob else {
            return nil
        }
        let shared = blobs.filter { replaced.holds.contains($0.digest) }
        guard shared.count < blobs.count else { return nil }
        return shared.min { $0.size < $1.size }
    }

    /// The statistics so far.
    var receipt: CopyReceipt { state.withLock { $0.receipt } }

    /// The failure that ended the copy.
    var failure: CopyError? { state.withLock { $0.failure } }

    /// Returns a Boolean value that indicates whether this copy has written a blob or manifest.
    func isNew(_ digest: Digest) -> Bool { state.withLock { $0.new.contains(digest) } }

    /// Returns a Boolean value that indicates whether a blob or manifest is assumed to be present.
    func holds(_ digest: Digest) -> Bool {
        replaced?.holds.contains(digest) == true && state.withLock { $0.trustsReplaced }
    }

    /// Returns a Boolean value that indicates whether the target probably has a blob, so that it is
    /// looked up before it is uploaded.
    func expects(_ digest: Digest) -> Bool {
        expectsAll || replaced?.holds.contains(digest) == true
    }

    /// Records a blob as present without asking the target.
    func assume(_ blob: Descriptor) {
        note(blob, .present)
        state.withLock { $0.assumed.append(blob) }
    }

    /// Stops assuming that the content of the replaced image is present, because some of it is
    /// missing.
    func distrustReplaced() { state.withLock { $0.trustsReplaced = false } }

    /// Returns the assumed blobs, once, if the target has lost content.
    func takeDoubtful() -> [Descriptor] {
        state.withLock { state in
            guard !state.trustsReplaced else { return [] }
            defer { state.assumed = [] }
            return state.assumed.filter { !state.new.contains($0.digest) }
        }
    }

    /// Counts an attempt to push the content below a manifest again, and returns whether it is
    /// allowed.
    func mayResend(below manifest: Digest) -> Bool {
        state.withLock { state in
            state.resends[manifest, default: 0] += 1
            return state.resends[manifest, default: 0] <= Self.resends
        }
    }

    /// Records the result of pushing a blob.
    func note(_ blob: Descriptor, _ arrival: BlobPushResult) {
        state.withLock { state in
            switch arrival {
            case .present:
                state.receipt.blobsPresent += 1
                state.receipt.bytesPresent = state.receipt.bytesPresent.plus(blob.size)
            case .mounted:
                state.receipt.blobsMounted += 1
                state.receipt.bytesMounted = state.receipt.bytesMounted.plus(blob.size)
            case .uploaded:
                state.receipt.blobsUploaded += 1
                state.receipt.bytesUploaded = state.receipt.bytesUploaded.plus(blob.size)
            }
            if arrival != .present { state.new.insert(blob.digest) }
        }
    }

    /// Records a manifest that was pushed.
    func note(manifest digest: Digest, _ arrival: ManifestPushResult) {
        state.withLock { state in
            state.receipt.manifestsPushed += 1
            state.receipt.isListed = arrival.isListed
            state.new.insert(digest)
        }
    }

    /// Records the retention tag of the replaced digest.
    func note(kept tag: Tag?) { state.withLock { $0.receipt.kept = tag } }

    /// Records the failure that ends the copy to this target.
    ///
    /// The first failure counts.
    func fail(_ error: CopyError) {
        state.withLock { $0.failure = $0.failure ?? error }
    }

    /// Runs a step unless the copy has failed.
    ///
    /// An error ends the copy to this target.
    ///
    /// - Throws: `CancellationError`.
    func attempt(_ step: () async throws -> Void) async throws {
        guard failure == nil else { return }
        do {
            try await step()
        } catch let error as CopyError {
            // A cancelled transfer may end with an error that is attributed to the other store.
            try Task.checkCancellation()
            fail(error)
        }
    }
}
