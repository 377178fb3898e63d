// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
public import Lockfiles
internal import OCI
internal import Validation

/// Compares a target with its lock file: every tag, manifest, config and layer.
public struct Verifier: Sendable {
    let stores: StoreProvider
    let configuration: MirrorConfiguration
    let today: CalendarDay
    private let checksSource: Bool
    private let repairer: Repairer?
    private let progress: RunProgress
    private let slots: AsyncSemaphore
    /// The tags that were resolved at sources, shared between targets.
    let sourceTags = SingleFlight<SourceTag, Digest?>(keepsResults: true)

    /// The maximum number of images in progress.
    private static let maxConcurrentImages = 8

    /// Creates a verifier.
    ///
    /// - Parameters:
    ///   - stores: The provider of the stores.
    ///   - configuration: The configuration, with the requirements of each image and the platforms to
    ///     copy.
    ///   - today: The day on which exceptions are evaluated.
    ///   - checksSource: A Boolean value that indicates whether to check the source for moved tags,
    ///     with one HEAD request each.
    ///   - progress: The progress of the run.
    public init(
        stores: StoreProvider, configuration: MirrorConfiguration, today: CalendarDay,
        checksSource: Bool = false,
        progress: RunProgress = RunProgress()
    ) {
        self.init(
            stores: stores, configuration: configuration, today: today,
            checksSource: checksSource, progress: progress, repairer: nil)
    }

    private init(
        stores: StoreProvider, configuration: MirrorConfiguration, today: CalendarDay,
        checksSource: Bool, progress: RunProgress, repairer: Repairer?
    ) {
        self.stores = stores
        self.configuration = configuration
        self.today = today
        self.checksSource = checksSource
        self.repairer = repairer
        self.progress = progress
        self.slots = AsyncSemaphore(Self.maxConcurrentImages)
    }

    /// Returns a verifier that also repairs: it copies what targets have lost.
    ///
    /// - Parameters:
    ///   - locks: The lock files of all targets, by path: one target can supply what another has
    ///     lost.
    ///   - jobs: The maximum number of concurrent blob transfers; `nil` for as many as the memory
    ///     permits.
    /// - Returns: A verifier that writes to targets.
    public func repairing(from locks: [String: Lockfile], jobs: Int?) -> Verifier {
        Verifier(
            stores: stores, configuration: configuration, today: today,
            checksSource: checksSource, progress: progress,
            repairer: Repairer(
                stores: stores, configuration: configuration, today: today, locks: locks,
                transfers: BlobTransfers(jobs, progress)))
    }

    /// Compares the given lock entries with their targets, and returns the results sorted by ID.
    ///
    /// - Throws: `CancellationError`.
    public func verify(_ images: [String: LockedImage]) async throws -> [VerifiedImage] {
        progress.expect(images.count)
        return try await withThrowingTaskGroup(of: VerifiedImage.self) { group in
            for (id, lockEntry) in images {
                group.addTask {
                    try await slots.withPermit {
                        progress.start(id)
                        let image = try await repaired(try await verify(id, lockEntry))
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

    private func verify(_ id: String, _ lockEntry: LockedImage) async throws -> VerifiedImage {
        var image = VerifiedImage(id: id, lockEntry: lockEntry)
        do {
            let store = try stores.store(at: .repository(lockEntry.repository), as: .target)
            try await attributingErrors(to: .target, at: store.location) {
                try await verifyContent(&image, in: store)
            }
            let entry = configuration.entry(of: lockEntry)
            if entry.map({ $0.referrers == .copy }) ?? true {
                try await verifyReferrers(of: &image, in: store)
            }
            guard let entry else { return image }
            compare(&image, with: entry)
            if checksSource { try await checkSource(of: &image, entry) }
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

    /// Repairs an image and verifies it again, so that only confirmed repairs are reported.
    private func repaired(_ image: VerifiedImage) async throws -> VerifiedImage {
        let problems = image.problems.filter(\.isRepairable)
        guard let repairer, !problems.isEmpty, image.failure == nil else { return image }
        let failure = try await repairer.repair(image).map { ImageFailure($0) }
        var verified = try await verify(image.id, image.lockEntry)
        guard verified.failure == nil else {
            var unconfirmed = image
            unconfirmed.failure = failure ?? verified.failure
            return unconfirmed
        }
        verified.repaired = problems.filter { !verified.problems.contains($0) }
        verified.failure = failure
        return verified
    }

    private func verifyContent(_ image: inout VerifiedImage, in store: any ContentSource)
        async throws
    {
        let lockEntry = image.lockEntry
        try await verifyTag(of: &image, in: store)
        let root: RawManifest
        do {
            root = try await store.fetch(manifest: lockEntry.descriptor)
        } catch let error as any ContentFailure where error.failureClass == .missing {
            image.problems.append(.manifestMissing(lockEntry.digest))
            return
        }
        if root.descriptor.size != lockEntry.size {
            image.problems.append(
                .broken("\(root.descriptor.size) bytes instead of \(lockEntry.size)"))
        }
        let graph: ManifestGraph
        do {
            let isSparse = configuration.entry(of: lockEntry)?.copy == .required
            let wanted = isSparse ? Set(lockEntry.platforms.values.map(\.digest)) : nil
            graph = try await ManifestGraph.read(from: root, in: store, only: wanted)
        } catch let error as any ContentFailure where error.failureClass == .missing {
            try await addMissingChildren(below: root, of: &image, in: store)
            return
        }
        image.presentCount += graph.nodes.count
        for (platform, pin) in lockEntry.platforms.sorted(by: { $0.key < $1.key })
        where !graph.has(pin, for: platform) {
            image.problems.append(.platformChanged(platform))
        }
        let missing = try await missingBlobs(of: graph, in: store)
        image.presentCount += graph.blobs.count - missing.count
        image.problems += missing.map { .blobMissing($0.digest) }
    }

    private func verifyTag(
        of image: inout VerifiedImage, in store: any ContentSource
    ) async throws {
        let lockEntry = image.lockEntry
        guard let tag = lockEntry.targetTag else { return }
        var now = try await store.resolve(.tag(tag))
        if now == nil { now = try await store.resolveByReading(.tag(tag)) }
        guard now?.digest != lockEntry.digest else { return }
        guard let now, lockEntry.mediaType.isIndex, !now.mediaType.isIndex else {
            image.problems.append(.tagMoved(tag, now: now?.digest))
            return
        }
        let platform = lockEntry.platforms.first { $0.value.digest == now.digest }?.key
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

    private func addMissingChildren(
        below root: RawManifest, of image: inout VerifiedImage, in store: any ContentSource
    ) async throws {
        var missing: [VerifiedImage.Problem] = []
        for child in Successors(of: try root.decoded()).manifests.distinct
        where try await store.resolve(.digest(child.digest)) == nil {
            missing.append(.childMissing(child.digest))
        }
        image.problems +=
            missing.isEmpty ? [.broken("a manifest below the index is missing")] : missing
    }
}

extension ManifestGraph {
    /// Returns a Boolean value that indicates whether a platform has the manifest that the lock
    /// file lists, if the index states platforms.
    fileprivate func has(_ pin: LockedImage.PlatformPin, for platform: Platform) -> Bool {
        guard let node = self[pin.digest], node.descriptor.size == pin.size else { return false }
        let promised = nodes.flatMap { Successors(of: $0.manifest).manifests }
            .filter { $0.digest == pin.digest }.map(\.platform)
        return promised.isEmpty
            || promised.contains { $0 == nil || platform.matches($0 ?? platform) }
    }
}

/// Comparisons of a mirrored image with the configuration and the source.
extension Verifier {
    /// Compares the validation that a lock entry records with the requirements of its configuration
    /// entry.
    func compare(_ image: inout VerifiedImage, with entry: ImageEntry) {
        let required = ImageRequirements(entry, platforms: configuration.platforms, today: today)
        image.problems += image.lockEntry.gaps(for: required).map { .insufficientlyValidated($0) }
        image.findings += [required.exceptionFinding].compactMap(\.self)
    }

    /// Checks whether the tag has moved at the source.
    ///
    /// A floating tag is expected to move and results only in a note.
    ///
    /// - Throws: ``CopyError`` or `CancellationError`.
    func checkSource(of image: inout VerifiedImage, _ entry: ImageEntry) async throws {
        guard let tag = image.lockEntry.targetTag else { return }
        if case .one(_, .some) = entry.selection { return }
        let location = entry.sourceLocation
        let now = try await sourceTags.value(for: SourceTag(location: location, tag: tag)) {
            try await attributingErrors(to: .source, at: location) {
                try await stores.store(at: location).resolve(.tag(tag))?.digest
            }
        }
        guard now != image.lockEntry.digest else { return }
        guard entry.floating else {
            image.problems.append(.sourceMoved(tag, now: now))
            return
        }
        image.findings.append(
            Finding(
                .tagMoved, .note,
                now.map {
                    "tag \(tag) now points to \($0.short) at the source; the next sync copies it"
                }
                    ?? "tag \(tag) not found at the source"))
    }
}

/// A tag at a source.
struct SourceTag: Hashable, Sendable {
    let location: StoreLocation
    let tag: Tag
}
