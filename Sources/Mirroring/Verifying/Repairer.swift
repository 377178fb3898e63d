// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI
internal import Validation
internal import AsyncPrimitives

/// Brings to a target again what its lock says and the target has lost.
///
/// What is brought is the locked digest, wherever the tag has moved upstream: a repair changes no
/// pin. Nothing that the target says of itself is believed, so every blob is looked for.
struct Repairer: Sendable {
    let stores: StoreProvider
    let config: MirrorConfiguration
    let today: CalendarDay
    /// Every target's lock, by path: what one has lost, another may have.
    let locks: [String: Lockfile]
    let copier: Copier
    /// One repair of referrers at a time: several images may share the list of a subject.
    let referrerTurn = AsyncSemaphore(1)

    /// Copies to a target what it has lost: the image, then its referrers.
    ///
    /// - Returns: the first failure; what was repaired in spite of it is repaired.
    /// - Throws: `CancellationError`.
    func repair(_ image: VerifiedImage) async throws -> CopyError? {
        let repairable = image.problems.filter(\.isRepairable)
        let sources: [any ContentSource]
        let target: any ContentStore
        do {
            sources = try self.sources(of: image, config.entry(of: image.block))
            target = try at(.target, .repository(image.block.repository))
        } catch {
            return CopyError(error, side: .source, at: .repository(image.block.repository))
        }
        var failure: CopyError?
        do {
            if repairable.contains(where: { $0.referrer == nil }) {
                try await repair(image, from: sources, to: target)
            }
        } catch let error as CopyError {
            try Task.checkCancellation()
            failure = error
        }
        let referrers = Set(repairable.compactMap(\.referrer)).sorted()
        let failed = try await repair(referrers, from: sources, to: target)
        return failure ?? failed
    }

    private func repair(
        _ image: VerifiedImage, from sources: [any ContentSource], to target: any ContentStore
    ) async throws {
        let (block, entry) = (image.block, config.entry(of: image.block))
        let name = block.targetTag.map(ManifestName.tag) ?? .digest(block.digest)
        let standing = try await Mirroring.at(.target, target.location) {
            try await target.standing(of: name)
        }
        let job = CopyJob(
            name: image.id, graph: try await graph(of: block, entry, in: sources), configBlobs: [:],
            sources: sources,
            targets: [
                CopyJob.Target(
                    store: target, name: name, current: standing,
                    addsRetentionTag: config.keepReplaced && block.targetTag != nil,
                    trustsReplaced: false)
            ])
        for result in try await copier.copy(job) { _ = try result.get() }
    }

    /// Where the bytes may be: other targets first, which cost no quota, then upstream.
    private func sources(
        of image: VerifiedImage, _ entry: ImageEntry?
    ) throws -> [any ContentSource] {
        let others = config.targets.compactMap { $0.lock.flatMap { locks[$0]?.images[image.id] } }
            .filter { $0.digest == image.block.digest && $0.repository != image.block.repository }
        let upstream = try entry?.sourceLocation ?? image.block.upstreamLocation
        return try others.map { try at(.source, .repository($0.repository)) }
            + [try at(.source, upstream)]
    }

    private func graph(
        of block: LockedImage, _ entry: ImageEntry?, in sources: [any ContentSource]
    ) async throws -> ManifestGraph {
        var last: CopyError?
        for source in sources {
            do {
                return try await Mirroring.at(.source, source.location) {
                    let root = try await source.fetch(manifest: block.descriptor)
                    let wanted = try entry.flatMap { entry in
                        let required = ImageRequirements(
                            entry, platforms: config.platforms, today: today)
                        return try RequiredChildren.digests(of: root, for: entry, required)
                    }
                    return try await ManifestGraph.read(from: root, in: source, only: wanted)
                }
            } catch let error as CopyError {
                last = error
            }
        }
        guard let last else { preconditionFailure("an image is repaired from somewhere") }
        throw last
    }

    private func at(_ side: CopySide, _ location: StoreLocation) throws -> any ContentStore {
        do {
            return try stores.store(at: location)
        } catch {
            throw CopyError(error, side: side, at: location)
        }
    }
}

extension LockedImage {
    /// What names the image's own manifest.
    var descriptor: Descriptor { Descriptor(mediaType: mediaType, digest: digest, size: size) }

    /// Where the same bytes were at the source.
    ///
    /// - Throws: a `ContentError` for a layout, which only its entry can find.
    fileprivate var upstreamLocation: StoreLocation {
        get throws {
            guard let reference = try? Reference(parsing: upstream) else {
                throw ContentError(
                    .unavailable, "no entry of the configuration says where \(upstream) is",
                    hint: "put its entry back, or drop the block with 'ocimirror sync'")
            }
            return .repository(reference.repository)
        }
    }
}
