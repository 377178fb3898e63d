// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// The runnable images of a graph, collected in the order of its indexes.
struct PlatformImageList {
    /// What was found so far.
    private(set) var images: [LoadedImage.PlatformImage] = []
    private let graph: ManifestGraph
    private var seen: Set<Listing> = []

    /// How many entries are followed.
    ///
    /// Indexes that list one another many times over name far more images than there are manifests.
    static let limit = 10_000

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
        let listing = Listing(digest: node.descriptor.digest, platform: promised)
        guard seen.insert(listing).inserted else { return }
        guard seen.count <= Self.limit else {
            throw ContentError(.invalid, "the index lists more than \(Self.limit) images")
        }
        switch node.manifest {
        case .image(let manifest):
            images.append(
                LoadedImage.PlatformImage(
                    promised: promised, descriptor: node.descriptor, manifest: manifest))
        case .index(let index):
            for entry in index.manifests where !LoadedImage.isAttestation(entry) {
                guard let child = graph[entry.digest] else { continue }
                try add(child, promised: entry.platform ?? promised)
            }
        }
    }
}
