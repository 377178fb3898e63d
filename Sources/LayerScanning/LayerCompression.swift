// SPDX-License-Identifier: Apache-2.0

public import OCI

/// The compression of a layer.
public enum LayerCompression: String, Hashable, Sendable, CaseIterable {
    case none
    case gzip
    case zstd

    /// Creates the compression that a media type states; `nil` if it is not the type of a layer
    /// archive.
    ///
    /// Source: image-spec, layer.md; Docker's image manifest, version 2 schema 2.
    public init?(_ mediaType: MediaType) {
        switch Self.suffix(of: mediaType) {
        case "": self = .none
        case "+gzip", ".gzip": self = .gzip
        case "+zstd", ".zstd": self = .zstd
        default: return nil
        }
    }

    /// Returns whether a media type states a layer archive with a compression that runtimes reject.
    ///
    /// Source: containerd, images/mediatypes.go, `DiffCompression`.
    public static func isUnsupported(_ mediaType: MediaType) -> Bool {
        ["+xz", ".xz", "+bzip2", ".bzip2", "+bz2"].contains(suffix(of: mediaType))
    }

    private static func suffix(of mediaType: MediaType) -> String? {
        let kinds = [
            "application/vnd.oci.image.layer.v1.tar",
            "application/vnd.oci.image.layer.nondistributable.v1.tar",
            "application/vnd.docker.image.rootfs.diff.tar",
            "application/vnd.docker.image.rootfs.foreign.diff.tar",
        ]
        let name = mediaType.name.utf8
        return kinds.first { name.starts(with: $0.utf8) }.flatMap {
            String(name.dropFirst($0.utf8.count))
        }
    }

    /// The number of bytes that identify the compression of a file.
    static let magicByteCount = 6

    /// Creates the compression of a file that begins with these bytes.
    ///
    /// Source: RFC 1952 §2.3; RFC 8878 §3.1, where a skippable frame may come first.
    init(detecting bytes: some Collection<UInt8>) {
        let isSkippable =
            (bytes.first.map { $0 >> 4 == 5 } ?? false)
            && bytes.dropFirst().starts(with: [0x2A, 0x4D, 0x18])
        if bytes.starts(with: [0x1F, 0x8B, 8]) {
            self = .gzip
        } else if isSkippable || bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            self = .zstd
        } else {
            self = .none
        }
    }
}
