// SPDX-License-Identifier: Apache-2.0

public import OCI

/// The manifests and blobs that a manifest references and therefore needs in its repository.
///
/// No other code depends on which kind of manifest references what.
public struct Successors: Hashable, Sendable {
    /// The manifests that it lists, in order.
    public var manifests: [Descriptor] = []
    /// The blobs that it lists: the layers from the base up, then the config.
    public var blobs: [Descriptor] = []

    /// Creates the successors of `manifest`.
    ///
    /// A subject is not a successor: a manifest may be pushed before its subject.
    public init(of manifest: Manifest) {
        switch manifest {
        case .image(let image): blobs = image.layers + [image.config]
        case .index(let index):
            manifests = index.manifests.filter { !$0.mediaType.isBlobOfBuildCache }
            blobs = index.manifests.filter(\.mediaType.isBlobOfBuildCache)
        }
    }
}

extension MediaType {
    /// A Boolean value that indicates whether an index entry of this type is a blob.
    ///
    /// Source: BuildKit's registry cache is an index of layers and a config (docker/buildx#173,
    /// regclient/regclient#73).
    fileprivate var isBlobOfBuildCache: Bool {
        name.hasPrefix("application/vnd.buildkit.cacheconfig.")
            || name.hasPrefix("application/vnd.oci.image.layer.")
            || name.hasPrefix("application/vnd.docker.image.rootfs.")
    }
}

extension Sequence<Descriptor> {
    /// The descriptors without duplicate digests; the first one of each digest is kept.
    public var distinct: [Descriptor] {
        var seen: Set<Digest> = []
        return filter { seen.insert($0.digest).inserted }
    }
}
