// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import AsyncPrimitives

/// The state of copying one image to one of its targets.
final class TargetCopyProgress: Sendable {
    private struct State {
        var receipt = CopyReceipt()
        var written: Set<Digest> = []
        /// Blobs that were assumed to be present.
        var assumed: [Descriptor] = []
        var trustsReplaced: Bool
        var resends: [Digest: Int] = [:]
        var failure: CopyError?
    }

    let target: CopyJob.Target
    /// The image that the name resolved to, with the digests that are present because of it.
    let replaced: ReplacedImage?
    /// The blob that is pushed first, because it shows how the target reports existing blobs.
    let probe: Descriptor?
    /// A Boolean value that indicates whether the target is expected to have every blob of the
    /// image: it has the image's own manifest, or lost some of its content.
    private let expectsAll: Bool
    private let state: Mutex<State>

    /// The maximum number of times that the content below a manifest is pushed again.
    private static let maximumResends = 2

    init(
        _ target: CopyJob.Target, replacing replaced: ReplacedImage?,
        with graph: ManifestGraph
    ) {
        self.target = target
        self.replaced = replaced
        self.state = Mutex(State(trustsReplaced: target.trustsReplaced))
        self.expectsAll =
            !target.trustsReplaced
            || target.current?.digest == graph.root.descriptor.digest
        self.probe = Self.probe(for: target, replaced, graph.blobs)
    }

    /// Returns the smallest blob that the replaced image shares with the new one, or `nil` if the
    /// target is new or needs no blob.
    private static func probe(
        for target: CopyJob.Target, _ replaced: ReplacedImage?, _ blobs: [Descriptor]
    ) -> Descriptor? {
        guard let replaced, target.trustsReplaced, target.store.needsLikelyBlob else {
            return nil
        }
        let shared = blobs.filter { replaced.presentDigests.contains($0.digest) }
        guard shared.count < blobs.count else { return nil }
        return shared.min { $0.size < $1.size }
    }

    /// The statistics so far, and the failure if there was one.
    var result: CopyResult {
        state.withLock { CopyResult(receipt: $0.receipt, failure: $0.failure) }
    }

    /// The failure that ended the copy.
    var failure: CopyError? { state.withLock { $0.failure } }

    /// Returns a Boolean value that indicates whether this copy has written a blob or manifest.
    func hasWritten(_ digest: Digest) -> Bool { state.withLock { $0.written.contains(digest) } }

    /// Returns a Boolean value that indicates whether a blob or manifest is assumed to be present.
    func isAssumedPresent(_ digest: Digest) -> Bool {
        replaced?.presentDigests.contains(digest) == true && state.withLock { $0.trustsReplaced }
    }

    /// Returns a Boolean value that indicates whether the target probably has a blob, so that it is
    /// looked up before it is uploaded.
    func isLikelyPresent(_ digest: Digest) -> Bool {
        expectsAll || replaced?.presentDigests.contains(digest) == true
    }

    /// Records a blob as present without looking it up.
    func assumePresent(_ blob: Descriptor) {
        record(blob, .present)
        state.withLock { $0.assumed.append(blob) }
    }

    /// Stops assuming that the content of the replaced image is present, because some of it is
    /// missing.
    func distrustReplaced() { state.withLock { $0.trustsReplaced = false } }

    /// Returns the assumed blobs, once, if the target has lost content.
    func takeAssumedBlobs() -> [Descriptor] {
        state.withLock { state in
            guard !state.trustsReplaced else { return [] }
            defer { state.assumed = [] }
            return state.assumed.filter { !state.written.contains($0.digest) }
        }
    }

    /// Counts an attempt to push the content below a manifest again, and returns whether it is
    /// allowed.
    func canResend(below manifest: Digest) -> Bool {
        state.withLock { state in
            state.resends[manifest, default: 0] += 1
            return state.resends[manifest, default: 0] <= Self.maximumResends
        }
    }

    /// Records the result of pushing a blob.
    func record(_ blob: Descriptor, _ result: BlobPushResult) {
        state.withLock { state in
            switch result {
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
            if result != .present { state.written.insert(blob.digest) }
        }
    }

    /// Records a manifest that was pushed.
    func record(manifest digest: Digest, _ result: ManifestPushResult) {
        state.withLock { state in
            state.receipt.manifestsPushed += 1
            state.receipt.isListed = result.isListed
            state.written.insert(digest)
        }
    }

    /// Records the retention tag of the replaced digest.
    func record(retentionTag tag: Tag?) { state.withLock { $0.receipt.retentionTag = tag } }

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
            // A canceled transfer may end with an error that is attributed to the other store.
            try Task.checkCancellation()
            fail(error)
        }
    }
}
