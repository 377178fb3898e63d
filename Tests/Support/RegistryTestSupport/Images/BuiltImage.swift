// SPDX-License-Identifier: Apache-2.0

public import OCI

/// An image or an index as a value: all its manifests and all its blobs.
public struct BuiltImage: Sendable {
    /// The manifest that a tag would point to.
    public let root: RawManifest
    /// All manifests, children before what names them, the root last.
    public let manifests: [RawManifest]
    /// The blobs that are in memory.
    public let blobs: [Digest: [UInt8]]
    /// The blobs that are made when they are read.
    public let generatedBlobs: [Digest: GeneratedBytes]
    /// The platform of the configuration; nil for an index.
    public let platform: Platform?

    /// Joins the parts of an image.
    public init(
        root: RawManifest, children: [RawManifest] = [], blobs: [Digest: [UInt8]],
        generatedBlobs: [Digest: GeneratedBytes] = [:], platform: Platform? = nil
    ) {
        self.root = root
        self.manifests = children + [root]
        self.blobs = blobs
        self.generatedBlobs = generatedBlobs
        self.platform = platform
    }

    /// The root's digest.
    public var digest: Digest { root.descriptor.digest }

    /// The number of bytes of all blobs, each counted once.
    public var blobByteCount: Int {
        blobs.values.reduce(0) { $0 + $1.count }
            + generatedBlobs.values.reduce(0) { $0 + $1.count }
    }

    /// Returns the image without one blob or child manifest, as a broken publisher would leave it.
    public func without(_ digest: Digest) -> BuiltImage {
        BuiltImage(
            root: root, children: manifests.dropLast().filter { $0.descriptor.digest != digest },
            blobs: blobs.filter { $0.key != digest },
            generatedBlobs: generatedBlobs.filter { $0.key != digest }, platform: platform)
    }
}
