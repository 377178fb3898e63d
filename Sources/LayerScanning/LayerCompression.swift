// SPDX-License-Identifier: Apache-2.0

public import OCI

/// The compression of a layer, as its media type states it; no other is tried.
public enum LayerCompression: String, Hashable, Sendable, CaseIterable {
    case none
    case gzip
    case zstd
    case xz

    /// Creates the compression of a media type; `nil` if it is not the type of a layer archive.
    ///
    /// Source: image-spec, layer.md; Docker's image manifest, version 2 schema 2.
    public init?(_ mediaType: MediaType) {
        let kinds = [
            "application/vnd.oci.image.layer.v1.tar",
            "application/vnd.oci.image.layer.nondistributable.v1.tar",
            "application/vnd.docker.image.rootfs.diff.tar",
            "application/vnd.docker.image.rootfs.foreign.diff.tar",
        ]
        guard let kind = kinds.first(where: { mediaType.name.hasPrefix($0) }) else { return nil }
        switch mediaType.name.dropFirst(kind.count) {
        case "": self = .none
        case "+gzip", ".gzip": self = .gzip
        case "+zstd", ".zstd": self = .zstd
        case "+xz", ".xz": self = .xz
        default: return nil
        }
    }

    /// The number of bytes that identify the compression of a file.
    static let magicByteCount = 6

    /// Returns whether a file that begins with these bytes has this compression.
    ///
    /// Source: RFC 1952 §2.3; RFC 8878 §3.1, where a skippable frame may come first; the .xz file
    /// format §2.1.1.1.
    func begins(with bytes: some Collection<UInt8>) -> Bool {
        switch self {
        case .none: true
        case .gzip: bytes.starts(with: [0x1F, 0x8B, 8])
        case .zstd:
            bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
                || (bytes.first.map { $0 >> 4 == 5 } ?? false)
                    && bytes.dropFirst().starts(with: [0x2A, 0x4D, 0x18])
        case .xz: bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0])
        }
    }
}

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
