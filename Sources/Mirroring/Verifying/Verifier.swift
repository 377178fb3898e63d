// SPDX-License-Identifier: Apache-2.0

internal import Content
public import Lockfiles
internal import OCI
internal import AsyncPrimitives

/// Compares a target with its lock: every tag, manifest, configuration and layer.
public struct Verifier: Sendable {
    let stores: StoreProvider
    let config: MirrorConfiguration
    let today: CalendarDay
    private let asksSource: Bool
    private let repairer: Repairer?
    private let progress: RunProgress
    private let places: AsyncSemaphore
    /// The tags that were resolved at sources; several targets ask for the same ones.
    let sourceTags = RunCache<SourceTag, Digest?>()

    /// How many images are looked at at once.
    private static let imagesAtOnce = 8

    /// Makes a verifier.
    ///
    /// - Parameters:
    ///   - stores: how to come by stores.
    ///   - config: says what is asked of each image, and of which only some platforms were copied.
    ///   - today: the day on which exceptions are judged.
    ///   - asksSource: whether upstream is asked if its tags have moved, by a HEAD each.
    ///   - progress: counts what is done.
    public init(
        stores: StoreProvider, config: MirrorConfiguration, today: CalendarDay,
        asksSource: Bool = false,
        progress: RunProgress = RunProgress()
    ) {
        self.init(stores, config, today, asksSource: asksSource, progress, nil)
    }

    private init(
        _ stores: StoreProvider, _ config: MirrorConfiguration, _ today: CalendarDay,
        asksSource: Bool,
        _ progress: RunProgress, _ repairer: Repairer?
    ) {
        self.stores = stores
        self.config = config
        self.today = today
        self.asksSource = asksSource
        self.repairer = repairer
        self.progress = progress
        self.places = AsyncSemaphore(Self.imagesAtOnce)
    }

    /// The same, bringing again to targets what they have lost.
    ///
    /// - Parameters:
    ///   - locks: every target's lock, by path: what one target has lost is read at another.
    ///   - jobs: how many blob bodies are on their way at once.
    /// - Returns: a verifier that writes to targets.
    public func repairing(from locks: [String: Lockfile], jobs: Int) -> Verifier {
        let start = ContinuousClock.now
        let copier = Copier(
            limiter: TransferLimiter(jobs, progress), now: { ContinuousClock.now - start })
        return Verifier(
            stores, config, today, asksSource: asksSource, progress,
            Repairer(
                stores: stores, config: config, today: today, locks: locks, copier: copier))
    }

    /// Compares every block that is given, and returns what was found in the order of the ids.
    ///
    /// - Throws: `CancellationError`.
    public func verify(_ images: [String: LockedImage]) async throws -> [VerifiedImage] {
        progress.expect(images.count)
        return try await withThrowingTaskGroup(of: VerifiedImage.self) { group in
            for (id, block) in images {
                group.addTask {
                    try await places.withSlot {
                        progress.start(id)
                        let image = try await repaired(try await verify(id, block))
                        progress.finish(
                            id, isSuccess: image.problems.isEmpty && image.failure == nil)
                        return image
                    }
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
            let entry = config.entry(of: block)
            if entry.map({ $0.referrers == .copy }) ?? true {
                try await verifyReferrers(of: &image, in: store)
            }
            guard let entry else { return image }
            compare(&image, with: entry)
            if asksSource { try await lookAtSource(of: &image, entry) }
        } catch let error as CancellationError {
            throw error
        } catch let error as CopyError {
            try Task.checkCancellation()
            switch error.failureClass {
            case .integrity, .invalid: image.problems.append(.broken(error.message))
            default: image.failure = ImageFailure(error)
            }
        }
        return image
    }

    /// Looks again at what was repaired: only what is there then is.
    private func repaired(_ image: VerifiedImage) async throws -> VerifiedImage {
        let problems = image.problems.filter(\.isRepairable)
        guard let repairer, !problems.isEmpty, image.failure == nil else { return image }
        let failure = try await repairer.repair(image).map { ImageFailure($0) }
        var again = try await verify(image.id, image.block)
        again.repaired = problems.filter { !again.problems.contains($0) }
        again.failure = failure ?? again.failure
        return again
    }

    private func walk(_ image: inout VerifiedImage, in store: any ContentSource) async throws {
        let block = image.block
        try await lookAtTag(of: &image, in: store)
        let root: RawManifest
        do {
            root = try await store.fetch(manifest: block.descriptor)
        } catch let error as any ContentFailure where error.failureClass == .missing {
            image.problems.append(.manifestMissing(block.digest))
            return
        }
        let graph: ManifestGraph
        do {
            let isSparse = config.entry(of: block)?.copy == .required
            let wanted = isSparse ? Set(block.platforms.values.map(\.digest)) : nil
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

    private func lookAtTag(
        of image: inout VerifiedImage, in store: any ContentSource
    ) async throws {
        let block = image.block
        guard let tag = block.targetTag else { return }
        let now = try await store.resolve(.tag(tag))
        guard now?.digest != block.digest else { return }
        guard let now, block.mediaType.isIndex, !now.mediaType.isIndex else {
            image.problems.append(.tagMoved(tag, now: now?.digest))
            return
        }
        let platform = block.platforms.first { $0.value.digest == now.digest }?.key
        image.problems.append(.tagFlattened(tag, now: now.digest, platform))
    }

    func missingBlobs(
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
        for child in Successors(of: try root.decoded()).manifests.distinct
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
