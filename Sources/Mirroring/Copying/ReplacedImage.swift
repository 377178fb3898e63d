// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// The image that a tag points to at a target before it moves, or the previous version.
///
/// A registry accepts a manifest only if it has everything below it, so content that the old and
/// the new image share is neither looked up nor uploaded.
struct ReplacedImage: Sendable {
    /// The maximum number of old platform manifests that are read for their layers.
    ///
    /// Each read is one request and saves one for each unchanged layer.
    static let maximumReads = 8

    /// The old image's manifest.
    let root: RawManifest
    /// The digests of manifests and blobs that the target has because of the old image.
    let presentDigests: Set<Digest>

    /// Reads the replaced image, or returns `nil` if there is none or it is the new image.
    ///
    /// If a policy permits no one to read it at the target, it is read from the source.
    ///
    /// - Throws: ``CopyError`` or `CancellationError`.
    init?(
        _ current: Descriptor?, at target: TargetCopy, orIn source: (any ContentSource)?,
        beside graph: ManifestGraph
    ) async throws {
        guard let current, current.digest != graph.root.descriptor.digest else { return nil }
        do {
            root = try await target.atTarget { try await $0.fetch(manifest: current) }
        } catch let error as CopyError where error.failureClass == .missing {
            return nil
        } catch let error as CopyError where error.blocksPulls {
            guard let copy = try? await source?.fetch(manifest: current) else {
                try Task.checkCancellation()
                return nil
            }
            root = copy
        }
        guard let manifest = try? root.decoded() else {
            presentDigests = []
            return
        }
        let below = Successors(of: manifest)
        var presentDigests = Set(below.blobs.map(\.digest))
        var changed: [Descriptor] = []
        for child in below.manifests.distinct {
            if graph[child.digest] != nil {
                try graph.insertDigests(from: child.digest, into: &presentDigests)
            } else if child.platform?.isUnknown != true, !child.mediaType.isIndex {
                changed.append(child)
            }
        }
        let read = changed.prefix(Self.maximumReads)
        try await withThrowingTaskGroup(of: [Digest].self) { group in
            for child in read {
                group.addTask {
                    // An unreadable manifest only means that its layers are looked up later.
                    let manifest = try? await target.store.fetch(manifest: child).decoded()
                    try Task.checkCancellation()
                    return manifest.map { Successors(of: $0).blobs.map(\.digest) } ?? []
                }
            }
            for try await digests in group { presentDigests.formUnion(digests) }
        }
        self.presentDigests = presentDigests
    }
}

extension ManifestGraph {
    /// Inserts the digests of a manifest and of everything below it.
    ///
    /// Each manifest is visited once: the number of paths through indexes that list each other is
    /// exponential.
    ///
    /// - Parameters:
    ///   - root: The digest of the manifest.
    ///   - digests: The set to insert into. Manifests that it contains are not visited again.
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
