// SPDX-License-Identifier: Apache-2.0

public import OCI

/// An image or an index with all its manifests and blobs.
public struct BuiltImage: Sendable {
    /// The manifest that a tag would point to.
    public let root: RawManifest
    /// All manifests, children before parents, the root last.
    public let manifests: [RawManifest]
    /// The blobs in memory.
    public let blobs: [Digest: [UInt8]]
    /// The blobs that are generated when they are read.
    public let generatedBlobs: [Digest: GeneratedBytes]
    /// The platform of the image config; `nil` for an index.
    public let platform: Platform?

    /// Creates an image from its components.
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

    /// The size of all blobs in bytes, each counted once.
    public var blobByteCount: Int {
        blobs.values.reduce(0) { $0 + $1.count }
            + generatedBlobs.values.reduce(0) { $0 + $1.count }
    }

    /// Returns the image without one blob or child manifest, like an incompletely published one.
    public func without(_ digest: Digest) -> BuiltImage {
        BuiltImage(
            root: root, children: manifests.dropLast().filter { $0.descriptor.digest != digest },
            blobs: blobs.filter { $0.key != digest },
            generatedBlobs: generatedBlobs.filter { $0.key != digest }, platform: platform)
    }
}
