// SPDX-License-Identifier: Apache-2.0

public import OCI

/// How a layer's archive is packed, as its media type says; nothing else is ever tried.
public enum LayerCompression: String, Hashable, Sendable, CaseIterable {
    case none
    case gzip
    case zstd
    case xz

    /// Reads a layer's media type; nil for one that is no archive of a known kind.
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

    /// The bytes that a file of this kind begins with; for zstd those of a frame.
    var magic: [UInt8] {
        switch self {
        case .none: []
        case .gzip: [0x1F, 0x8B, 8]
        case .zstd: [0x28, 0xB5, 0x2F, 0xFD]
        case .xz: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]
        }
    }
}
