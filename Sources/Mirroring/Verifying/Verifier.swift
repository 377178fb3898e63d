// SPDX-License-Identifier: Apache-2.0

internal import Content
public import Locking
internal import OCI
internal import Waiting

/// Compares a target with its lock: every tag, manifest, configuration and layer.
public struct Verifier: Sendable {
    private let stores: Stores
    private let places: Slots
    private let isSparse: @Sendable (LockedImage) -> Bool

    /// Makes a verifier that looks at `imagesAtOnce` images at the same time.
    ///
    /// - Parameters:
    ///   - stores: how to come by stores.
    ///   - config: says of which images only the required platforms were copied.
    ///   - imagesAtOnce: how many images are looked at at once.
    public init(stores: Stores, config: MirrorConfig, imagesAtOnce: Int = 8) {
        self.stores = stores
        let sparse = config.images.filter { $0.copy == .required }.map(\.sourceText)
        self.isSparse = { block in
            sparse.contains {
                block.source == $0 || block.source.hasPrefix("\($0):")
                    || block.source.hasPrefix("\($0)@")
            }
        }
        self.places = Slots(imagesAtOnce)
    }

    /// Compares every block that is given, and returns what was found in the order of the ids.
    ///
    /// - Throws: `CancellationError`.
    public func verify(_ images: [String: LockedImage]) async throws -> [VerifiedImage] {
        try await withThrowingTaskGroup(of: VerifiedImage.self) { group in
            for (id, block) in images {
                group.addTask {
                    try await places.withSlot { try await verify(id, block) }
                }
            }
            var verified: [VerifiedImage] = []
            for try await image in group { verified.append(image) }
            return verified.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        }
    }

    private func verify(_ id: String, _ block: LockedImage) async throws -> VerifiedImage {
        var image = VerifiedImage(id: id, block: block)
        do {
            let store = try stores.store(at: .repository(block.repository))
            try await at(.target, store.location) { try await walk(&image, in: store) }
        } catch let error as CancellationError {
            throw error
        } catch let error as CopyError {
            try Task.checkCancellation()
            switch error.failureClass {
            case .integrity, .invalid: image.problems.append(.broken(error.message))
            default: image.failure = Failure(error)
            }
        }
        return image
    }

    private func walk(_ image: inout VerifiedImage, in store: any ContentSource) async throws {
        let block = image.block
        if let tag = block.targetTag {
            let now = try await store.resolve(.tag(tag))?.digest
            if now != block.digest { image.problems.append(.tagMoved(tag, now: now)) }
        }
        let descriptor = Descriptor(
            mediaType: block.mediaType, digest: block.digest, size: block.size)
        let root: RawManifest
        do {
            root = try await store.fetch(manifest: descriptor)
        } catch let error as any ContentFailure where error.failureClass == .missing {
            image.problems.append(.manifestMissing(block.digest))
            return
        }
        let graph: ManifestGraph
        do {
            let wanted = isSparse(block) ? Set(block.platforms.values.map(\.digest)) : nil
            graph = try await ManifestGraph.read(from: root, in: store, only: wanted)
        } catch let error as any ContentFailure where error.failureClass == .missing {
            try await nameMissingChildren(below: root, of: &image, in: store)
            return
        }
        image.seen += graph.nodes.count
        for (platform, pin) in block.platforms.sorted(by: { $0.key < $1.key })
        where !graph.has(pin, for: platform) {
            image.problems.append(.platformChanged(platform))
        }
        let missing = try await missingBlobs(of: graph, in: store)
        image.seen += graph.blobs.count - missing.count
        image.problems += missing.map { .blobMissing($0.digest) }
    }

    private func missingBlobs(
        of graph: ManifestGraph, in store: any ContentSource
    ) async throws -> [Descriptor] {
        try await withThrowingTaskGroup(of: Descriptor?.self) { group in
            for blob in graph.blobs {
                group.addTask { try await store.exists(blob: blob) ? nil : blob }
            }
            var missing: Set<Digest> = []
            for try await blob in group { if let blob { missing.insert(blob.digest) } }
            return graph.blobs.filter { missing.contains($0.digest) }
        }
    }

    private func nameMissingChildren(
        below root: RawManifest, of image: inout VerifiedImage, in store: any ContentSource
    ) async throws {
        var missing: [VerifiedImage.Problem] = []
        for child in Successors(of: try root.decoded()).manifests
        where try await store.resolve(.digest(child.digest)) == nil {
            missing.append(.childMissing(child.digest))
        }
        image.problems +=
            missing.isEmpty ? [.broken("a manifest below the index is gone")] : missing
    }
}

extension ManifestGraph {
    /// Whether a platform's manifest is the one that the lock says, as far as an index names platforms.
    fileprivate func has(_ pin: LockedImage.PlatformPin, for platform: Platform) -> Bool {
        guard let node = self[pin.digest], node.descriptor.size == pin.size else { return false }
        let promised = nodes.flatMap { Successors(of: $0.manifest).manifests }
            .filter { $0.digest == pin.digest }.map(\.platform)
        return promised.isEmpty
            || promised.contains { $0 == nil || platform.matches($0 ?? platform) }
    }
}
