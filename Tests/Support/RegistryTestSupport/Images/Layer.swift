// SPDX-License-Identifier: Apache-2.0

internal import Hashing
public import OCI

/// A layer: its compressed bytes and the digest of the uncompressed archive.
public struct Layer: Sendable {
    enum Content: Sendable {
        case bytes([UInt8])
        case generated(GeneratedBytes)
    }

    let content: Content
    /// The digest of the compressed layer.
    public let digest: Digest
    /// The size of the compressed layer.
    public let size: Int
    /// The digest of the uncompressed archive, the `diff_id` in the image config.
    public let diffID: Digest
    /// The suffix of `application/vnd.oci.image.layer.v1.tar` in the media type, such as `+gzip`.
    let suffix: String

    private init(_ bytes: [UInt8], diffID: Digest, suffix: String) {
        content = .bytes(bytes)
        digest = .of(bytes)
        size = bytes.count
        self.diffID = diffID
        self.suffix = suffix
    }

    /// Returns an uncompressed tar archive.
    public static func tar(_ entries: [TarEntry]) -> Layer {
        .raw(TarArchive.bytes(entries))
    }

    /// Returns a tar archive compressed with gzip.
    public static func gzip(_ entries: [TarEntry]) -> Layer {
        let archive = TarArchive.bytes(entries)
        return Layer(StoredGzip.bytes(archive), diffID: .of(archive), suffix: "+gzip")
    }

    /// Returns any bytes as an uncompressed layer, whether or not they are a tar archive.
    public static func raw(_ bytes: [UInt8]) -> Layer {
        Layer(bytes, diffID: .of(bytes), suffix: "")
    }

    /// Returns any bytes as a compressed layer with the given `diff_id`.
    public static func raw(gzip bytes: [UInt8], diffID: Digest) -> Layer {
        Layer(bytes, diffID: diffID, suffix: "+gzip")
    }

    /// Returns any bytes as a layer whose media type has a suffix, such as `+lz4`.
    public static func raw(_ bytes: [UInt8], typeSuffix suffix: String) -> Layer {
        Layer(bytes, diffID: .of(bytes), suffix: suffix)
    }

    /// Returns `size` pseudo-random bytes that follow from `seed`.
    public static func random(size: Int, seed: UInt64) -> Layer {
        .raw(GeneratedBytes.random(size, seed: seed))
    }

    /// Returns a layer whose bytes are generated when they are read.
    ///
    /// Creating the layer hashes them once.
    public init(generated: GeneratedBytes) {
        content = .generated(generated)
        digest = generated.digest()
        size = generated.count
        diffID = digest
        suffix = ""
    }

    /// Returns the layer's media type.
    func mediaType(in dialect: ImageBuilder.Dialect) -> String {
        switch (dialect, suffix) {
        case (.oci, _): "application/vnd.oci.image.layer.v1.tar\(suffix)"
        case (.docker, "+gzip"): "application/vnd.docker.image.rootfs.diff.tar.gzip"
        case (.docker, _): "application/vnd.docker.image.rootfs.diff.tar"
        }
    }
}
