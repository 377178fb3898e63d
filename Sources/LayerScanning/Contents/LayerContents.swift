// SPDX-License-Identifier: Apache-2.0

public import OCI

/// The result of scanning a layer.
public struct LayerContents: Sendable {
    /// The digest of the uncompressed archive.
    public let diffID: Digest
    /// The size of the uncompressed archive in bytes.
    public let unpackedByteCount: Int
    /// The changes to the file system.
    public let tree: LayerFileTree

    /// Creates the result of a scan.
    public init(diffID: Digest, unpackedByteCount: Int, tree: LayerFileTree) {
        self.diffID = diffID
        self.unpackedByteCount = unpackedByteCount
        self.tree = tree
    }
}
