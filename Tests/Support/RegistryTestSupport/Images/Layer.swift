// SPDX-License-Identifier: Apache-2.0

internal import Hashing
public import OCI

/// A layer: its bytes as they travel, and the digest of its unpacked archive.
public struct Layer: Sendable {
    enum Content: Sendable {
        case bytes([UInt8])
        case generated(GeneratedBytes)
    }

    let content: Content
    /// The layer's digest as it travels.
    public let digest: Digest
    /// The layer's size as it travels.
    public let size: Int
    /// The digest of the unpacked archive, which the configuration names.
    public let diffID: Digest
    /// What follows `application/vnd.oci.image.layer.v1.tar` in its media type; empty or `+gzip`.
    let suffix: String

    private init(_ bytes: [UInt8], diffID: Digest, suffix: String) {
        content = .bytes(bytes)
        digest = .of(bytes)
        size = bytes.count
        self.diffID = diffID
        self.suffix = suffix
    }

    /// A tar archive of entries.
    public static func tar(_ entries: [TarEntry]) -> Layer {
        .raw(TarArchive.bytes(entries))
    }

    /// A tar archive of entries in a gzip file.
    public static func gzip(_ entries: [TarEntry]) -> Layer {
        let archive = TarArchive.bytes(entries)
        return Layer(StoredGzip.bytes(archive), diffID: .of(archive), suffix: "+gzip")
    }

    /// Any bytes as an uncompressed layer, whether or not they are a tar archive.
    public static func raw(_ bytes: [UInt8]) -> Layer {
        Layer(bytes, diffID: .of(bytes), suffix: "")
    }

    /// Any bytes as a compressed layer, with what is said to be the digest of the archive inside.
    public static func raw(gzip bytes: [UInt8], diffID: Digest) -> Layer {
        Layer(bytes, diffID: diffID, suffix: "+gzip")
    }

    /// `size` bytes without structure that follow from `seed`.
    public static func random(size: Int, seed: UInt64) -> Layer {
        .raw(GeneratedBytes.random(size, seed: seed))
    }

    /// Bytes that are made when they are read, however many.
    ///
    /// Making the layer hashes them once.
    public init(generated: GeneratedBytes) {
        content = .generated(generated)
        digest = generated.digest()
        size = generated.count
        diffID = digest
        suffix = ""
    }

    /// The layer's media type in a dialect.
    func mediaType(in dialect: ImageBuilder.Dialect) -> String {
        switch (dialect, suffix) {
        case (.oci, _): "application/vnd.oci.image.layer.v1.tar\(suffix)"
        case (.docker, "+gzip"): "application/vnd.docker.image.rootfs.diff.tar.gzip"
        case (.docker, _): "application/vnd.docker.image.rootfs.diff.tar"
        }
    }
}
