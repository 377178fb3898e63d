// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import Synchronization

/// How far the copy of one image to one of its destinations has come.
final class TargetCopyProgress: Sendable {
    private struct State {
        var receipt = CopyReceipt()
        var new: Set<Digest> = []
        /// Blobs that the target was not asked for.
        var assumed: [Descriptor] = []
        var trustsReplaced: Bool
        var resends: [Digest: Int] = [:]
        var failure: CopyError?
    }

    let destination: CopyJob.Destination
    /// What the name stood for, and what that proves to be there.
    let replaced: ReplacedImage?
    /// The blob that is pushed before all others, because it shows how the target reports what it has.
    let probe: Descriptor?
    /// A Boolean value that indicates whether the target is expected to have every blob of the image:
    /// it has the image's own manifest, or lost a part of the image.
    private let expectsAll: Bool
    private let state: Mutex<State>

    /// How often what a manifest points at is sent again.
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

    /// Returns the smallest blob that the replaced image shares with the new one, or `nil` where a fresh
    /// target, or one that needs nothing, makes a probe superfluous.
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

    /// What it took so far.
    var receipt: CopyReceipt { state.withLock { $0.receipt } }

    /// What ended it.
    var failure: CopyError? { state.withLock { $0.failure } }

    /// Whether something was brought there by this copy.
    func isNew(_ digest: Digest) -> Bool { state.withLock { $0.new.contains(digest) } }

    /// Whether something is known to be there without asking.
    func holds(_ digest: Digest) -> Bool {
        replaced?.holds.contains(digest) == true && state.withLock { $0.trustsReplaced }
    }

    /// Returns whether the target probably has a blob, so that it is looked for before it is sent.
    func expects(_ digest: Digest) -> Bool {
        expectsAll || replaced?.holds.contains(digest) == true
    }

    /// Notes a blob that is taken to be present without asking.
    func assume(_ blob: Descriptor) {
        note(blob, .present)
        state.withLock { $0.assumed.append(blob) }
    }

    /// Stops trusting what the replaced image proves, as the target has lost a part of it.
    func distrustReplaced() { state.withLock { $0.trustsReplaced = false } }

    /// Returns, once, the blobs that were assumed to be present at a target that has lost some.
    func takeDoubtful() -> [Descriptor] {
        state.withLock { state in
            guard !state.trustsReplaced else { return [] }
            defer { state.assumed = [] }
            return state.assumed.filter { !state.new.contains($0.digest) }
        }
    }

    /// Returns whether what a manifest points at may be sent again, and counts it.
    func mayResend(below manifest: Digest) -> Bool {
        state.withLock { state in
            state.resends[manifest, default: 0] += 1
            return state.resends[manifest, default: 0] <= Self.resends
        }
    }

    /// Notes how a blob came to be there.
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

    /// Notes a manifest that was written.
    func note(manifest digest: Digest, _ arrival: ManifestPushResult) {
        state.withLock { state in
            state.receipt.manifestsPushed += 1
            state.receipt.isListed = arrival.isListed
            state.new.insert(digest)
        }
    }

    /// Notes the tag under which the digest that was replaced is kept.
    func note(kept tag: Tag?) { state.withLock { $0.receipt.kept = tag } }

    /// Notes what ends the copy to this destination; the first cause counts.
    func fail(_ error: CopyError) {
        state.withLock { $0.failure = $0.failure ?? error }
    }

    /// Runs a step, unless the copy has failed; what it throws ends the copy to this destination.
    ///
    /// - Throws: `CancellationError`.
    func attempt(_ step: () async throws -> Void) async throws {
        guard failure == nil else { return }
        do {
            try await step()
        } catch let error as CopyError {
            // A transfer that was cancelled from outside ends in an error of the other side's.
            try Task.checkCancellation()
            fail(error)
        }
    }
}
