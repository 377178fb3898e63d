// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// One image to be copied to one target or more.
struct CopyJob: Sendable {
    /// Where the image goes, and under which name.
    struct Destination: Sendable {
        let store: any ContentStore
        /// The name by which the root is written last.
        let name: ManifestName
        /// What the name stood for when the image was resolved.
        let standing: Descriptor?
        /// Whether that is to be kept under a tag of its own.
        let keepsReplaced: Bool
        /// An image that the lock file lists in the same repository, such as the previous version.
        var predecessor: Descriptor? = nil
        /// Whether what the name stood for proves that all below it is there.
        var trustsReplaced = true
    }

    /// The image, as people know it.
    let name: String
    let graph: ManifestGraph
    /// Configurations that were read for validation: they need not be fetched again.
    let held: [Digest: [UInt8]]
    /// Where the bytes are, the place to ask first at the front, upstream last.
    let sources: [any ContentSource]
    let destinations: [Destination]
    /// Decides before the manifests whether they follow; nil where that is decided already.
    var judgement: ImageValidation? = nil

    /// Opens a blob where it is at hand: in memory, else at the first source that can give it.
    func open(_ blob: Descriptor, counting transfer: BlobTransfer) async throws -> ByteStream {
        if let bytes = held[blob.digest] {
            return VerifiedStream(BytesInMemory(bytes), proving: blob)
        }
        var last: CopyError?
        for source in sources {
            do {
                return try await open(blob, in: source, counting: transfer)
            } catch let error as CopyError {
                // Upstream is asked last, and is the one whose answer counts.
                last = error
            }
        }
        guard let last else {
            preconditionFailure("an image is copied from somewhere")
        }
        throw last
    }

    /// Opens a blob at one place.
    func open(
        _ blob: Descriptor, in source: any ContentSource, counting transfer: BlobTransfer
    ) async throws -> ByteStream {
        let stream = try await at(.source, source.location) { try await source.fetch(blob: blob) }
        let sided = SidedStream(
            stream, side: .source, location: source.location, counting: transfer)
        return judgement?.watching(sided, of: blob) ?? sided
    }
}
