// SPDX-License-Identifier: Apache-2.0

public import OCI

/// A layer whose media type states a supported archive.
///
/// Layers are equal if their bytes and their declared compression are: the same blob can be valid
/// under one media type and malformed under another.
public struct ScannableLayer: Sendable {
    /// The descriptor of the layer in a manifest.
    public let descriptor: Descriptor
    /// The compression that the media type declares.
    public let compression: LayerCompression

    /// A Boolean value that indicates whether the digest of the layer is also its `diff_id`.
    ///
    /// Source: image-spec, config.md § Layer DiffID; existing tools write SHA-256 only.
    var hasPlainDigest: Bool {
        compression == .none && descriptor.digest.algorithm == .sha256
    }

    /// Creates a layer; `nil` for an unknown media type.
    public init?(_ descriptor: Descriptor) {
        guard let compression = LayerCompression(descriptor.mediaType) else { return nil }
        self.descriptor = descriptor
        self.compression = compression
    }
}

extension ScannableLayer: Hashable {
    /// Returns whether two layers have the same scan result.
    public static func == (left: ScannableLayer, right: ScannableLayer) -> Bool {
        left.descriptor.digest == right.descriptor.digest
            && left.descriptor.size == right.descriptor.size
            && left.compression == right.compression
    }

    /// Hashes what decides the scan result.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(descriptor.digest)
        hasher.combine(descriptor.size)
        hasher.combine(compression)
    }
}
