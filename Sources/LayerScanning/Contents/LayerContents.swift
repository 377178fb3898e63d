// SPDX-License-Identifier: Apache-2.0

public import OCI

/// The result of scanning a layer.
public struct LayerContents: Sendable {
    /// The digest of the uncompressed archive.
    public let diffID: Digest
    /// The size of the uncompressed archive in bytes.
    public let unpackedByteCount: Int
    /// The compression of the bytes, which may differ from the one that the media type states.
    public let compression: LayerCompression
    /// The changes to the file system.
    public let tree: LayerFileTree

    /// Creates the result of a scan.
    public init(
        diffID: Digest, unpackedByteCount: Int, compression: LayerCompression, tree: LayerFileTree
    ) {
        self.diffID = diffID
        self.unpackedByteCount = unpackedByteCount
        self.compression = compression
        self.tree = tree
    }
}
