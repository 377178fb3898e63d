// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import Synchronization

/// How far the copy of one image to one of its destinations has come.
final class TargetCopyProgress: Sendable {
    private struct State {
        var receipt = CopyReceipt()
        var new: Set<Digest> = []
        var failure: CopyError?
    }

    let destination: CopyJob.Destination
    /// What the name stood for, and what that proves to be there.
    let replaced: ReplacedImage?
    private let state = Mutex(State())

    init(_ destination: CopyJob.Destination, replacing replaced: ReplacedImage?) {
        self.destination = destination
        self.replaced = replaced
    }

    /// What it took so far.
    var receipt: CopyReceipt { state.withLock { $0.receipt } }

    /// What ended it.
    var failure: CopyError? { state.withLock { $0.failure } }

    /// Whether something was brought there by this copy.
    func isNew(_ digest: Digest) -> Bool { state.withLock { $0.new.contains(digest) } }

    /// Whether something is known to be there without asking.
    func holds(_ digest: Digest) -> Bool {
        destination.trustsReplaced && replaced?.holds.contains(digest) == true
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
