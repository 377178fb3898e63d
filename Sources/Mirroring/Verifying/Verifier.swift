// SPDX-License-Identifier: Apache-2.0

internal import Content
public import Locking
public import OCI
internal import Waiting

/// What a target holds of one locked image.
public struct VerifiedImage: Sendable {
    /// Something that is not as the lock says.
    public enum Problem: Hashable, Sendable {
        /// The tag stands for other bytes, or for none.
        case tagMoved(Tag, now: Digest?)
        /// The index or manifest itself is gone.
        case manifestMissing(Digest)
        /// A manifest below the index is gone.
        case childMissing(Digest)
        /// A configuration or layer is gone, or has another size.
        case blobMissing(Digest)
        /// A platform's manifest is another than the lock says.
        case platformChanged(Platform)
        /// Stored bytes cannot be used.
        case broken(String)
    }

    /// The id in the lock.
    public let id: String
    /// The block.
    public let block: LockedImage
    /// What is not as the lock says; empty where all is well.
    public internal(set) var problems: [Problem] = []
    /// Why it could not be found out.
    public internal(set) var failure: Failure?
    /// How many manifests and blobs were seen to be there.
    public internal(set) var seen = 0
}

extension VerifiedImage.Problem: CustomStringConvertible {
    /// One line.
    public var description: String {
        switch self {
        case .tagMoved(let tag, nil): "tag \(tag) is gone"
        case .tagMoved(let tag, let now?): "tag \(tag) now stands for \(now.short)"
        case .manifestMissing(let digest): "\(digest.short), the image itself, is gone"
        case .childMissing(let digest): "the child manifest \(digest.short) is gone"
        case .blobMissing(let digest): "the blob \(digest.short) is gone"
        case .platformChanged(let platform): "\(platform) is another manifest than the lock says"
        case .broken(let reason): reason
        }
    }
}

/// Compares a target with its lock: every tag, manifest, configuration and layer.
public struct Verifier: Sendable {
    private let stores: Stores
    private let places: Slots

    /// Makes a verifier that looks at `imagesAtOnce` images at the same time.
    public init(stores: Stores, imagesAtOnce: Int = 8) {
        self.stores = stores
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
            graph = try await ManifestGraph.read(from: root, in: store)
        } catch let error as any ContentFailure where error.failureClass == .missing {
            try await nameMissingChildren(below: root, of: &image, in: store)
            return
        }
        image.seen += graph.nodes.count
        for (platform, pin) in block.platforms.sorted(by: { $0.key < $1.key })
        where graph[pin.digest] == nil {
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
        for child in Successors(of: try root.decoded()).manifests
        where try await store.resolve(.digest(child.digest)) == nil {
            image.problems.append(.childMissing(child.digest))
        }
        if image.problems.isEmpty {
            image.problems.append(.broken("a manifest below the index is gone"))
        }
    }
}

extension LockedImage {
    /// The tag under which the image is at the target: the version's, or the source's channel tag.
    public var targetTag: Tag? {
        if let tag { return tag }
        guard let reference = try? Reference(parsing: source) else { return nil }
        return reference.tag
    }
}
