// SPDX-License-Identifier: Apache-2.0

public import OCI

/// What a manifest points at, and therefore needs beside it in its repository.
///
/// This is the one place that knows which kind of manifest points at what.
public struct Successors: Hashable, Sendable {
    /// The manifests that it lists, in order.
    public var manifests: [Descriptor] = []
    /// The blobs that it lists: the layers from the base up, then the configuration.
    public var blobs: [Descriptor] = []

    /// Reads what `manifest` points at.
    ///
    /// A subject is no successor: a manifest may come before the one it speaks of.
    public init(of manifest: Manifest) {
        switch manifest {
        case .image(let image): blobs = image.layers + [image.config]
        case .index(let index): manifests = index.manifests
        }
    }
}

extension Sequence<Descriptor> {
    /// The descriptors without repeated digests; the first one of each digest is kept.
    public var distinct: [Descriptor] {
        var seen: Set<Digest> = []
        return filter { seen.insert($0.digest).inserted }
    }
}
