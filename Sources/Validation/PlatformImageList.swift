// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// The runnable images of a graph, in the order of its indexes.
struct PlatformImageList {
    /// The images that were added.
    private(set) var images: [LoadedImage.PlatformImage] = []
    private let graph: ManifestGraph
    private var seen: Set<Listing> = []

    /// The maximum number of entries and layers that are visited.
    ///
    /// Indexes that list one another repeatedly can list far more images than there are manifests,
    /// and the rules visit every layer of every image.
    static let limit = 20_000

    /// A manifest with a platform; duplicates are skipped.
    private struct Listing: Hashable {
        let digest: Digest
        let platform: Platform?
    }

    init(_ graph: ManifestGraph) {
        self.graph = graph
    }

    /// Adds the images at and below a node.
    ///
    /// The platform of an index entry applies to everything below it.
    ///
    /// - Throws: `ContentError` of the class `invalid` if there are too many.
    mutating func add(
        _ node: ManifestGraph.Node, declared: Platform?
    ) throws(ContentError) {
        // A stack: the next node is the last element, in the order of the listing.
        var stack = [(node: node, declared: declared)]
        var visitedCount = 0
        while let (node, declared) = stack.popLast() {
            guard
                seen.insert(Listing(digest: node.descriptor.digest, platform: declared)).inserted
            else { continue }
            switch node.manifest {
            case .image(let manifest):
                visitedCount += manifest.layers.count
                images.append(
                    LoadedImage.PlatformImage(
                        declared: declared, descriptor: node.descriptor, manifest: manifest))
            case .index(let index):
                visitedCount += index.manifests.count
                for entry in index.manifests.reversed() where !LoadedImage.isAttestation(entry) {
                    guard let child = graph[entry.digest] else { continue }
                    stack.append((child, entry.platform ?? declared))
                }
            }
            guard visitedCount <= Self.limit else {
                throw ContentError(
                    .invalid, "index lists more than \(Self.limit) images and layers")
            }
        }
    }
}
