// SPDX-License-Identifier: Apache-2.0

public import OCI

/// The key of a scan result: the bytes of a layer and their declared compression.
///
/// The same blob can be valid under one media type and malformed under another.
public struct LayerScanKey: Hashable, Sendable {
    /// The digest of the blob.
    public let digest: Digest
    /// The size of the blob.
    public let size: Int
    /// The compression that the media type declares.
    public let compression: LayerCompression

    /// A Boolean value that indicates whether the digest of the layer is also its `diff_id`.
    ///
    /// Source: image-spec, config.md § Layer DiffID; existing tools write SHA-256 only.
    var hasPlainDigest: Bool { compression == .none && digest.algorithm == .sha256 }

    /// Creates the key of a layer; `nil` for an unknown media type.
    public init?(_ layer: Descriptor) {
        guard let compression = LayerCompression(layer.mediaType) else { return nil }
        self.digest = layer.digest
        self.size = layer.size
        self.compression = compression
    }
}
