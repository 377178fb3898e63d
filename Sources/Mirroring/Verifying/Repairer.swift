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
    let transfers: BlobTransfers
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
        do throws(CopyError) {
            sources = try self.sources(of: image, configuration.entry(of: image.lockEntry))
            target = try stores.store(at: .repository(image.lockEntry.repository), as: .target)
        } catch {
            return error
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
        let current = try await attributingErrors(to: .target, at: target.location) {
            try await target.currentDescriptor(of: name)
        }
        let copy = ImageCopy(
            of: try await graph(of: lockEntry, entry, in: sources), for: image.id, from: sources,
            to: [
                TargetCopy(
                    to: target, as: name, replacing: current,
                    addsRetentionTag: configuration.keepReplaced && lockEntry.targetTag != nil,
                    trustsReplaced: false)
            ], transfers: transfers)
        try await copy.run()
        for target in copy.targets { try target.result() }
    }

    /// Returns the stores to read from: other targets, which cost no pulls, then the source.
    private func sources(
        of image: VerifiedImage, _ entry: ImageEntry?
    ) throws(CopyError) -> [any ContentSource] {
        let others = configuration.targets.compactMap {
            $0.lock.flatMap { locks[$0]?.images[image.id] }
        }
        .filter {
            $0.digest == image.lockEntry.digest && $0.repository != image.lockEntry.repository
        }
        let upstream =
            if let entry { entry.sourceLocation } else { try image.lockEntry.upstreamLocation }
        var sources: [any ContentSource] = []
        for location in others.map({ StoreLocation.repository($0.repository) }) + [upstream] {
            sources.append(try stores.store(at: location, as: .source))
        }
        return sources
    }

    private func graph(
        of lockEntry: LockedImage, _ entry: ImageEntry?, in sources: [any ContentSource]
    ) async throws -> ManifestGraph {
        var last: CopyError?
        for source in sources {
            do {
                return try await attributingErrors(to: .source, at: source.location) {
                    let root = try await source.fetch(manifest: lockEntry.descriptor)
                    let wanted = try entry.flatMap { entry in
                        let required = ImageRequirements(
                            entry, platforms: configuration.platforms, today: today)
                        return try entry.wantedChildren(of: root, required: required)
                    }
                    return try await ManifestGraph.read(from: root, in: source, only: wanted)
                }
            } catch let error as CopyError {
                try Task.checkCancellation()
                last = error
            }
        }
        guard let last else { preconditionFailure("a repair needs at least one source") }
        throw last
    }
}

extension LockedImage {
    /// The descriptor of the image.
    var descriptor: Descriptor { Descriptor(mediaType: mediaType, digest: digest, size: size) }

    /// The location of the image at the source.
    ///
    /// - Throws: ``CopyError`` for a layout, whose location only the configuration entry has.
    fileprivate var upstreamLocation: StoreLocation {
        get throws(CopyError) {
            guard let reference = try? Reference(parsing: upstream) else {
                throw CopyError(
                    ContentError(
                        .unavailable, "no configuration entry for \(upstream)",
                        hint: "restore the entry, or run 'ocimirror sync' to remove the lock entry"),
                    role: .source, at: .repository(repository))
            }
            return .repository(reference.repository)
        }
    }
}
