// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import OCI

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
    /// The validation that must pass before the manifests are pushed, or `nil` if it already has.
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
        let stream = try await at(.source, source.location) { try await source.fetch(blob: blob) }
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
