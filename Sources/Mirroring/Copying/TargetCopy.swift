// SPDX-License-Identifier: Apache-2.0

internal import Content
public import OCI
internal import AsyncPrimitives

/// The copy of one image to one of its targets: what is copied to where, and the state.
final class TargetCopy: Sendable {
    private struct State {
        var receipt = CopyReceipt()
        var replaced: ReplacedImage?
        var probe: Descriptor?
        var expectsAll: Bool
        var written: Set<Digest> = []
        /// Blobs that were assumed to be present.
        var assumed: [Descriptor] = []
        var trustsReplaced: Bool
        var resends: [Digest: Int] = [:]
        var failure: CopyError?
    }

    /// The store to copy to.
    let store: any ContentStore
    /// The name by which the root is pushed last.
    let name: ManifestName
    /// The descriptor that the name resolved to, if any.
    let current: Descriptor?
    /// An image that the lock file lists in the same repository, such as the previous version.
    private let predecessor: Descriptor?
    /// A Boolean value that indicates whether the replaced image gets a retention tag.
    let addsRetentionTag: Bool
    private let state: Mutex<State>

    /// The maximum number of times that the content below a manifest is pushed again.
    private static let maximumResends = 2

    /// Creates a copy of which nothing is sent.
    ///
    /// - Parameters:
    ///   - store: The store to copy to.
    ///   - name: The name by which the root is pushed last.
    ///   - current: The descriptor that the name resolved to, if any.
    ///   - predecessor: An image that the lock file lists in the same repository.
    ///   - addsRetentionTag: A Boolean value that indicates whether the replaced image gets a
    ///     retention tag.
    ///   - trustsReplaced: A Boolean value that indicates whether all content of the replaced image
    ///     is assumed to be present.
    init(
        to store: any ContentStore, as name: ManifestName, replacing current: Descriptor?,
        predecessor: Descriptor? = nil, addsRetentionTag: Bool = false, trustsReplaced: Bool = true
    ) {
        self.store = store
        self.name = name
        self.current = current
        self.predecessor = predecessor
        self.addsRetentionTag = addsRetentionTag
        self.state = Mutex(State(expectsAll: !trustsReplaced, trustsReplaced: trustsReplaced))
    }

    /// The location of the store.
    var location: StoreLocation { store.location }

    /// The statistics so far, also of a failed copy.
    var receipt: CopyReceipt { state.withLock { $0.receipt } }

    /// The failure that ended the copy.
    var failure: CopyError? { state.withLock { $0.failure } }

    /// Returns the statistics of a successful copy.
    ///
    /// - Throws: The failure of the copy.
    @discardableResult
    func result() throws(CopyError) -> CopyReceipt {
        if let failure { throw failure }
        return receipt
    }

    // MARK: Present content

    /// Reads the image that the copy replaces, or else the predecessor.
    ///
    /// - Parameters:
    ///   - source: A source of the image if a policy of the target permits no one to read it.
    ///   - graph: The image to copy.
    /// - Throws: `CancellationError`.
    func readReplacedImage(
        orIn source: (any ContentSource)?, beside graph: ManifestGraph
    ) async throws {
        try await attempt {
            let replaced = try await ReplacedImage(
                current ?? predecessor, at: self, orIn: source, beside: graph)
            let needsLikelyBlob = store.needsLikelyBlob
            state.withLock { state in
                state.replaced = replaced
                if current?.digest == graph.root.descriptor.digest { state.expectsAll = true }
                guard let replaced, state.trustsReplaced, needsLikelyBlob else { return }
                let shared = graph.blobs.filter { replaced.presentDigests.contains($0.digest) }
                guard shared.count < graph.blobs.count else { return }
                state.probe = shared.min { $0.size < $1.size }
            }
        }
    }

    /// The image that the name resolved to, with the digests that are present because of it.
    var replaced: ReplacedImage? { state.withLock { $0.replaced } }

    /// The blob that is pushed first, because it shows how the target reports existing blobs: the
    /// smallest one that the replaced image shares with the new one.
    ///
    /// It is `nil` if the target is new or needs no blob.
    var probe: Descriptor? { state.withLock { $0.probe } }

    /// Returns a Boolean value that indicates whether this copy has written a blob or manifest.
    func hasWritten(_ digest: Digest) -> Bool { state.withLock { $0.written.contains(digest) } }

    /// Returns a Boolean value that indicates whether a blob or manifest is assumed to be present.
    func isAssumedPresent(_ digest: Digest) -> Bool {
        state.withLock {
            $0.trustsReplaced && $0.replaced?.presentDigests.contains(digest) == true
        }
    }

    /// Returns a Boolean value that indicates whether the target probably has a blob, so that it is
    /// looked up before it is uploaded.
    ///
    /// A target that has the image's own manifest, or lost some of its content, probably has all of
    /// them.
    func isLikelyPresent(_ digest: Digest) -> Bool {
        state.withLock {
            $0.expectsAll || $0.replaced?.presentDigests.contains(digest) == true
        }
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

    // MARK: Requests

    /// Sends requests to the store.
    ///
    /// - Throws: ``CopyError`` with the role of a target, or `CancellationError`.
    func atTarget<Value>(
        _ body: (any ContentStore) async throws -> Value
    ) async throws -> Value {
        try await attributingErrors(to: .target, at: location) { try await body(store) }
    }

    /// Pushes a blob, and records the result.
    ///
    /// - Parameters:
    ///   - blob: The descriptor of the blob.
    ///   - presence: The presence that is expected.
    ///   - sibling: Another repository of the registry that has the blob.
    ///   - open: Opens the content from the start, once per attempt.
    /// - Returns: The way the blob was obtained.
    /// - Throws: ``CopyError`` or `CancellationError`.
    @discardableResult
    func push(
        _ blob: Descriptor, expecting presence: ExpectedPresence,
        mountingFrom sibling: StoreLocation?,
        reading open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobPushResult {
        var presence = presence
        let result = try await retryingOnDigestMismatch {
            // After a digest mismatch, what the store has is not trusted.
            defer { presence = .absent }
            return try await atTarget { store in
                try await store.push(
                    blob: blob, expecting: presence, mountingFrom: sibling, open: open)
            }
        }
        record(blob, result)
        return result
    }

    // MARK: Results

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

/// Statistics of copying one image to one target.
public struct CopyReceipt: Hashable, Sendable {
    /// The number of blobs that were uploaded.
    public var blobsUploaded = 0
    /// The number of bytes in uploaded blobs.
    public var bytesUploaded = 0
    /// The number of blobs that were mounted from another repository of the registry.
    public var blobsMounted = 0
    /// The number of bytes in mounted blobs.
    public var bytesMounted = 0
    /// The number of blobs that were already present.
    public var blobsPresent = 0
    /// The number of bytes in blobs that were already present.
    public var bytesPresent = 0
    /// The number of manifests that were pushed.
    public var manifestsPushed = 0
    /// A Boolean value that indicates whether the target lists the root among the referrers of its
    /// subject.
    public var isListed = false
    /// The tag that keeps the digest which the image's tag pointed to before.
    public var retentionTag: Tag?

    /// The number of bytes that were not uploaded.
    public var bytesSaved: Int { bytesMounted.plus(bytesPresent) }

    /// Creates an empty receipt.
    public init() {}

    /// Adds the counts of another receipt.
    public static func += (sum: inout CopyReceipt, other: CopyReceipt) {
        sum.blobsUploaded += other.blobsUploaded
        sum.bytesUploaded = sum.bytesUploaded.plus(other.bytesUploaded)
        sum.blobsMounted += other.blobsMounted
        sum.bytesMounted = sum.bytesMounted.plus(other.bytesMounted)
        sum.blobsPresent += other.blobsPresent
        sum.bytesPresent = sum.bytesPresent.plus(other.bytesPresent)
        sum.manifestsPushed += other.manifestsPushed
    }
}
