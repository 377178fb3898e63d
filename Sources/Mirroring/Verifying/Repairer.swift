// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI
internal import Validation
internal import AsyncPrimitives

/// Restores at a target the content that its lock file lists and that the target has lost.
///
/// It copies the locked digest even if the tag has moved upstream, so a repair never changes a pin.
/// The target's own statements are not trusted: every blob is checked.
struct Repairer: Sendable {
    let stores: StoreProvider
    let configuration: MirrorConfiguration
    let today: CalendarDay
    /// The lock files of all targets, by path: one target can supply what another has lost.
    let locks: [String: Lockfile]
    let copier: Copier
    /// Serializes repairs of referrers, because several images can share the referrers list of a
    /// subject.
    let referrerSemaphore = AsyncSemaphore(1)

    /// Copies to a target what it has lost: the image, then its referrers.
    ///
    /// - Returns: The first failure; it does not undo what was repaired.
    /// - Throws: `CancellationError`.
    func repair(_ image: VerifiedImage) async throws -> CopyError? {
        let repairable = image.problems.filter(\.isRepairable)
        let sources: [any ContentSource]
        let target: any ContentStore
        do {
            sources = try self.sources(of: image, configuration.entry(of: image.lockEntry))
            target = try at(.target, .repository(image.lockEntry.repository))
        } catch {
            return CopyError(error, role: .source, at: .repository(image.lockEntry.repository))
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
        let (lockEntry, entry) = (image.lockEntry, configuration.entry(of: image.lockEntry))
        let name = lockEntry.targetTag.map(ManifestName.tag) ?? .digest(lockEntry.digest)
        let current = try await Mirroring.at(.target, target.location) {
            try await target.currentDescriptor(of: name)
        }
        let job = CopyJob(
            name: image.id, graph: try await graph(of: lockEntry, entry, in: sources),
            configBlobs: [:],
            sources: sources,
            targets: [
                CopyJob.Target(
                    store: target, name: name, current: current,
                    addsRetentionTag: configuration.keepReplaced && lockEntry.targetTag != nil,
                    trustsReplaced: false)
            ])
        for result in try await copier.copy(job) { _ = try result.get() }
    }

    /// Returns the stores to read from: other targets, which cost no pulls, then the source.
    private func sources(
        of image: VerifiedImage, _ entry: ImageEntry?
    ) throws -> [any ContentSource] {
        let others = configuration.targets.compactMap {
            $0.lock.flatMap { locks[$0]?.images[image.id] }
        }
        .filter {
            $0.digest == image.lockEntry.digest && $0.repository != image.lockEntry.repository
        }
        let upstream = try entry?.sourceLocation ?? image.lockEntry.upstreamLocation
        return try others.map { try at(.source, .repository($0.repository)) }
            + [try at(.source, upstream)]
    }

    private func graph(
        of lockEntry: LockedImage, _ entry: ImageEntry?, in sources: [any ContentSource]
    ) async throws -> ManifestGraph {
        var last: CopyError?
        for source in sources {
            do {
                return try await Mirroring.at(.source, source.location) {
                    let root = try await source.fetch(manifest: lockEntry.descriptor)
                    let wanted = try entry.flatMap { entry in
                        let required = ImageRequirements(
                            entry, platforms: configuration.platforms, today: today)
                        return try RequiredChildren.digests(of: root, for: entry, required)
                    }
                    return try await ManifestGraph.read(from: root, in: source, only: wanted)
                }
            } catch let error as CopyError {
                last = error
            }
        }
        guard let last else { preconditionFailure("a repair needs at least one source") }
        throw last
    }

    private func at(_ role: CopyRole, _ location: StoreLocation) throws -> any ContentStore {
        do {
            return try stores.store(at: location)
        } catch {
            throw CopyError(error, role: role, at: location)
        }
    }
}

extension LockedImage {
    /// The descriptor of the image.
    var descriptor: Descriptor { Descriptor(mediaType: mediaType, digest: digest, size: size) }

    /// The location of the image at the source.
    ///
    /// - Throws: A `ContentError` for a layout, whose location only the configuration entry has.
    fileprivate var upstreamLocation: StoreLocation {
        get throws {
            guard let reference = try? Reference(parsing: upstream) else {
                throw ContentError(
                    .unavailable, "no configuration entry for \(upstream)",
                    hint: "restore the entry, or run 'ocimirror sync' to remove the lock entry")
            }
            return .repository(reference.repository)
        }
    }
}
