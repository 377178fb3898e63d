// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// The image that a tag points to at a target before it moves, or the previous version.
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
        for child in below.manifests.distinct {
            if graph[child.digest] != nil {
                try graph.insertDigests(from: child.digest, into: &holds)
            } else if child.platform?.isUnknown != true, !child.mediaType.isIndex {
                changed.append(child)
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
    /// Inserts the digests of a manifest and of everything below it.
    ///
    /// Each manifest is visited once: the number of paths through indexes that list each other is
    /// exponential.
    ///
    /// - Parameters:
    ///   - root: the digest of the manifest.
    ///   - digests: the set to insert into; manifests that it contains are not visited again.
    /// - Throws: `CancellationError`.
    fileprivate func insertDigests(from root: Digest, into digests: inout Set<Digest>) throws {
        var waiting = [root]
        while let digest = waiting.popLast() {
            guard let node = self[digest], digests.insert(digest).inserted else { continue }
            try Task.checkCancellation()
            let below = Successors(of: node.manifest)
            digests.formUnion(below.blobs.map(\.digest))
            waiting += below.manifests.map(\.digest)
        }
    }
}
