// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// What a tag stands for at a target before it moves.
///
/// A registry takes a manifest only if it has all below it, so that whatever the old image and the
/// new one share need not be asked for, nor sent.
struct ReplacedImage: Sendable {
    /// How many platforms of the old image are read to learn their layers.
    ///
    /// Each costs a request, and saves one for each layer that did not change.
    static let maximumReads = 8

    /// The old image's manifest.
    let root: RawManifest
    /// Manifests and blobs that are there.
    let holds: Set<Digest>

    /// Reads what a name stands for; nil where it stands for nothing, or for what is gone.
    ///
    /// - Throws: ``CopyError`` or `CancellationError`.
    init?(
        _ standing: Descriptor?, at target: any ContentStore, beside graph: ManifestGraph
    ) async throws {
        guard let standing, standing.digest != graph.root.descriptor.digest else { return nil }
        do {
            root = try await at(.target, target.location) {
                try await target.fetch(manifest: standing)
            }
        } catch let error as CopyError where error.failureClass == .missing {
            return nil
        }
        guard let manifest = try? root.decoded() else {
            holds = []
            return
        }
        let below = Successors(of: manifest)
        var holds = Set(below.blobs.map(\.digest))
        var changed: [Descriptor] = []
        for child in below.manifests {
            if graph[child.digest] == nil {
                if child.platform?.isUnknown == false { changed.append(child) }
            } else {
                holds.formUnion(graph.digests(from: child.digest))
            }
        }
        let read = changed.prefix(Self.maximumReads)
        try await withThrowingTaskGroup(of: [Digest].self) { group in
            for child in read {
                group.addTask {
                    // Whatever cannot be read teaches nothing; what is asked for later tells why.
                    let manifest = try? await target.fetch(manifest: child).decoded()
                    try Task.checkCancellation()
                    return manifest.map { Successors(of: $0).blobs.map(\.digest) } ?? []
                }
            }
            for try await digests in group { holds.formUnion(digests) }
        }
        self.holds = holds
    }
}

extension ManifestGraph {
    /// A manifest of the graph with all below it.
    fileprivate func digests(from digest: Digest) -> Set<Digest> {
        guard let node = self[digest] else { return [] }
        let below = Successors(of: node.manifest)
        return below.manifests.reduce(into: Set(below.blobs.map(\.digest) + [digest])) {
            $0.formUnion(digests(from: $1.digest))
        }
    }
}
