// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
public import OCI

/// The task of copying one image to one or more targets.
struct CopyJob: Sendable {
    /// A store to copy to, and the name of the image there.
    struct Target: Sendable {
        let store: any ContentStore
        /// The name by which the root is pushed last.
        let name: ManifestName
        /// The descriptor that the name resolved to, if any.
        let current: Descriptor?
        /// A Boolean value that indicates whether the replaced image gets a retention tag.
        let addsRetentionTag: Bool
        /// An image that the lock file lists in the same repository, such as the previous version.
        var predecessor: Descriptor? = nil
        /// A Boolean value that indicates whether all content of the replaced image is assumed to
        /// be present.
        var trustsReplaced = true
    }

    /// The name of the image in messages.
    let name: String
    let graph: ManifestGraph
    /// Config blobs that were read for validation and need not be fetched again.
    let configBlobs: [Digest: [UInt8]]
    /// The stores to read from, in order of preference; the upstream source is the last.
    let sources: [any ContentSource]
    let targets: [Target]
    /// The validation that scans layers while they are copied, if there is one.
    var validation: ImageValidation? = nil

    /// Scans a layer while `body` copies it; other blobs are only copied.
    func scanning(_ blob: Descriptor, while body: (LayerTap?) async throws -> Void) async throws {
        guard let validation else { return try await body(nil) }
        try await validation.scanning(blob, while: body)
    }

    /// Opens a blob from memory or from the first source that has it.
    func open(
        _ blob: Descriptor, counting transfer: BlobTransfer, tap: LayerTap? = nil
    ) async throws -> ByteStream {
        if let bytes = configBlobs[blob.digest] {
            return VerifiedStream(BytesInMemory(bytes), verifying: blob)
        }
        var last: CopyError?
        for source in sources {
            do {
                return try await open(blob, in: source, counting: transfer, tap: tap)
            } catch let error as CopyError {
                // The upstream source is the last one, and its error is the relevant one.
                last = error
            }
        }
        guard let last else {
            preconditionFailure("at least one source is required")
        }
        throw last
    }

    /// Opens a blob from one source.
    func open(
        _ blob: Descriptor, in source: any ContentSource, counting transfer: BlobTransfer,
        tap: LayerTap? = nil
    ) async throws -> ByteStream {
        let stream = try await attributingErrors(to: .source, at: source.location) {
            try await transfer.open(in: source)
        }
        let counted = ObservedStream(stream) { chunk, end in
            if let chunk { transfer.record(chunk.count, endingAt: end) }
        }
        // Otherwise, a source that fails during an upload would look like a failure of the target,
        // whose request it ends.
        let attributed = ErrorMappingStream(counted) { error in
            error is CancellationError
                ? error : CopyError(error, role: .source, at: source.location)
        }
        return tap?.observe(attributed) ?? attributed
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

/// The result of copying one image to one target.
struct CopyResult: Sendable {
    /// The statistics, also of a failed copy.
    let receipt: CopyReceipt
    /// The failure that ended the copy, or `nil` if it succeeded.
    let failure: CopyError?

    /// Returns the statistics of a successful copy.
    ///
    /// - Throws: The failure of the copy.
    func get() throws(CopyError) -> CopyReceipt {
        if let failure { throw failure }
        return receipt
    }
}
