// SPDX-License-Identifier: Apache-2.0

public import OCI

/// What a layer turned out to hold.
public struct LayerContents: Sendable {
    /// The digest of the unpacked archive.
    public let diffID: Digest
    /// The number of bytes of the unpacked archive.
    public let unpackedByteCount: Int
    /// What it does to the file system below it.
    public let tree: LayerFileTree

    /// Joins the parts.
    public init(diffID: Digest, unpackedByteCount: Int, tree: LayerFileTree) {
        self.diffID = diffID
        self.unpackedByteCount = unpackedByteCount
        self.tree = tree
    }
}
