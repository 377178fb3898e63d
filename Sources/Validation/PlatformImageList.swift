// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// The runnable images of a graph, collected in the order of its indexes.
struct PlatformImageList {
    /// What was found so far.
    private(set) var images: [LoadedImage.PlatformImage] = []
    private let graph: ManifestGraph
    private var seen: Set<Listing> = []

    /// The maximum number of entries and layers that are followed.
    ///
    /// Indexes that list one another many times over name far more images than there are manifests,
    /// and the rules look at every layer of every image.
    static let limit = 20_000

    /// One manifest under one platform; the same again says nothing new.
    private struct Listing: Hashable {
        let digest: Digest
        let platform: Platform?
    }

    init(_ graph: ManifestGraph) {
        self.graph = graph
    }

    /// Adds the images at and below a node; what an index promises holds for all that is below.
    ///
    /// - Throws: `ContentError` of the class `invalid` where there are too many.
    mutating func add(
        _ node: ManifestGraph.Node, promised: Platform?
    ) throws(ContentError) {
        // The next one is the last: entries are visited in the order in which they are listed.
        var waiting = [(node: node, promised: promised)]
        var followed = 0
        while let (node, promised) = waiting.popLast() {
            guard
                seen.insert(Listing(digest: node.descriptor.digest, platform: promised)).inserted
            else { continue }
            switch node.manifest {
            case .image(let manifest):
                followed += manifest.layers.count
                images.append(
                    LoadedImage.PlatformImage(
                        promised: promised, descriptor: node.descriptor, manifest: manifest))
            case .index(let index):
                followed += index.manifests.count
                for entry in index.manifests.reversed() where !LoadedImage.isAttestation(entry) {
                    guard let child = graph[entry.digest] else { continue }
                    waiting.append((child, entry.platform ?? promised))
                }
            }
            guard followed <= Self.limit else {
                throw ContentError(
                    .invalid, "the index lists more than \(Self.limit) images and layers")
            }
        }
    }
}
