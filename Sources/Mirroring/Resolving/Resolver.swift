// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import Hashing
public import Lockfiles
internal import OCI
internal import Validation

/// Resolves the name of an image at the source and at each target, with one HEAD request each.
public struct Resolver: Sendable {
    let configuration: MirrorConfiguration
    let stores: StoreProvider
    let locks: [String: Lockfile]
    let today: CalendarDay

    /// Creates a resolver.
    ///
    /// - Parameters:
    ///   - configuration: The configuration.
    ///   - stores: The provider of the stores.
    ///   - locks: The current lock files of the targets, by path.
    ///   - today: The day on which exceptions are evaluated.
    public init(
        configuration: MirrorConfiguration, stores: StoreProvider, locks: [String: Lockfile],
        today: CalendarDay
    ) {
        self.configuration = configuration
        self.stores = stores
        self.locks = locks
        self.today = today
    }

    /// Resolves the images of a plan, and returns them in its order with findings about exceptions.
    ///
    /// - Throws: `CancellationError`.
    public func resolve(_ plan: Plan) async throws -> [ResolvedImage] {
        let slots = AsyncSemaphore(Syncer.maxConcurrentImages)
        stores.expect(plan.images.map(\.source))
        return try await withThrowingTaskGroup(of: (Int, ResolvedImage).self) { group in
            for (position, image) in plan.images.enumerated() {
                group.addTask {
                    var resolved = try await slots.withPermit {
                        try await resolveTargets(of: try await resolveSource(of: image))
                    }
                    resolved.findings += [requirements(of: image).exceptionFinding]
                        .compactMap(\.self)
                    return (position, resolved)
                }
            }
            var resolved: [(Int, ResolvedImage)] = []
            for try await image in group { resolved.append(image) }
            return resolved.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Returns the requirements of an image.
    func requirements(of image: PlannedImage) -> ImageRequirements {
        ImageRequirements(image.entry, platforms: configuration.platforms, today: today)
    }

    // MARK: Source

    /// Resolves the name of an image at the source; a failure is part of the result.
    func resolveSource(
        of image: PlannedImage
    ) async throws(CancellationError) -> ResolvedImage {
        var resolved = ResolvedImage(image: image)
        do {
            try await attributingErrors(to: .source, at: image.source) {
                try await resolveSource(in: try stores.store(at: image.source), &resolved)
            }
        } catch {
            resolved.failure = try ImageFailure(unlessCanceled: error)
        }
        return resolved
    }

    /// Resolves the name at the source.
    ///
    /// If a tag and a digest are given, the digest is copied. A tag that points elsewhere is
    /// reported, and only then is the digest resolved as well.
    private func resolveSource(
        in source: any ContentSource, _ resolved: inout ResolvedImage
    ) async throws {
        let image = resolved.image
        var current: Descriptor?
        if let tag = image.tag {
            current = try await source.resolve(.tag(tag))
            if current == nil, image.digest == nil {
                current = try await resolveListed(tag, in: source, &resolved)
            }
        }
        if let digest = image.digest, current?.digest != digest {
            // In a layout, the tag is only the name at the targets.
            if let tag = image.tag, current != nil || !image.source.isLayout {
                resolved.findings.append(
                    Finding(
                        .tagMoved, .warning,
                        (current.map { "tag \(tag) now points to \($0.digest.short) at the source" }
                            ?? "tag \(tag) not found at the source")
                            + "; copying the digest from the configuration"))
            }
            current = try await source.resolve(.digest(digest))
            guard current != nil else {
                throw ContentError(.missing, "manifest \(digest) not found")
            }
        }
        resolved.descriptor = current
    }

    /// Resolves a tag that the source lists although it was not found.
    ///
    /// - Throws: `ContentError` with suggestions if the tag does not exist.
    private func resolveListed(
        _ tag: Tag, in source: any ContentSource, _ resolved: inout ResolvedImage
    ) async throws -> Descriptor {
        let nearest = try await source.nearestTags(to: tag)
        if nearest?.isListed == true, let found = try await source.resolveByReading(.tag(tag)) {
            return found
        }
        resolved.suggestedTags = nearest
        throw ContentError(
            .missing, "tag \(tag) not found", hint: try await source.hint(nearest))
    }

    // MARK: Targets

    /// Resolves the name at each target, if the source has the image; a failure at one target does
    /// not stop the others.
    ///
    /// Targets are resolved in sequence, because concurrent images already use every registry.
    func resolveTargets(
        of image: ResolvedImage
    ) async throws(CancellationError) -> ResolvedImage {
        guard let root = image.descriptor else { return image }
        var resolved = image
        for configured in configuration.targets {
            let location: StoreLocation
            do throws(ParseError) {
                location = try resolved.image.location(in: configured)
            } catch {
                // The loader rejects such names, but a configuration created in code can have one.
                resolved.descriptor = nil
                resolved.failure = ImageFailure(.invalid, role: .target, error.description)
                return resolved
            }
            let target = try await resolveTarget(
                &resolved, root, at: location, lock: configured.lock)
            resolved.targets.append(target)
        }
        reportMovedTag(&resolved, root)
        return resolved
    }

    /// Resolves the name at a target.
    ///
    /// If a policy of the target permits no one to read it, the digest of the lock entry is used.
    private func resolveTarget(
        _ resolved: inout ResolvedImage, _ root: Descriptor, at location: StoreLocation,
        lock: String?
    ) async throws(CancellationError) -> ImageTarget {
        let image = resolved.image
        let locked = lock.flatMap { locks[$0]?.images[image.id] }
        let entry = locked.flatMap { $0.isAt(location) ? $0 : nil }
        let isValidated =
            entry?.covers(image, at: root, required: requirements(of: image)) ?? false
        do {
            let current = try await attributingErrors(to: .target, at: location) {
                let store = try stores.store(at: location)
                let current = try await store.currentDescriptor(of: image.targetName)
                guard current == nil, let tag = image.tag, entry?.targetTag == tag else {
                    return try await store.describing(current, as: root)
                }
                return try await store.resolveByReading(.tag(tag))
            }
            let hasImage = current?.digest == root.digest
            return ImageTarget(
                location: location, current: current, lockedBefore: locked,
                isValidated: isValidated,
                state: !hasImage
                    ? .needsCopy(replacing: current)
                    : isValidated || lock == nil ? .upToDate : .needsValidation)
        } catch let error as CopyError where error.blocksPulls && !Task.isCancelled {
            resolved.findings.append(Finding(.targetBlocksPulls, .warning, "\(error)"))
            let current = entry.flatMap { $0.targetTag == image.tag ? $0.descriptor : nil }
            // The image cannot be validated from the target.
            let hasImage = current?.digest == root.digest
            return ImageTarget(
                location: location, current: current, lockedBefore: locked,
                isValidated: isValidated,
                state: hasImage && isValidated
                    ? .upToDate : .needsCopy(replacing: hasImage ? nil : current))
        } catch {
            return ImageTarget(
                location: location, lockedBefore: locked,
                state: .failed(try ImageFailure(unlessCanceled: error)))
        }
    }

    /// Reports a version tag whose digest differs from its lock entry, with the severity that
    /// `moved` sets.
    private func reportMovedTag(_ resolved: inout ResolvedImage, _ root: Descriptor) {
        let image = resolved.image
        guard let tag = image.versionTag, !image.entry.floating, image.digest == nil,
            image.entry.moved != .accept,
            let was = resolved.targets.compactMap(\.lockedBefore).first(where: {
                $0.source == image.sourceText && $0.digest != root.digest
            })
        else { return }
        resolved.findings.append(
            Finding(
                .tagMoved, image.entry.moved == .reject ? .error : .warning,
                "tag \(tag) moved from \(was.digest.short) (locked) to \(root.digest.short)"))
    }
}

extension ContentSource {
    /// Returns a descriptor with the digest of an expected one, if both have different algorithms
    /// and name the same bytes.
    ///
    /// Source: distribution/distribution#4420: a registry may state SHA-256 digests only.
    fileprivate func describing(
        _ current: Descriptor?, as expected: Descriptor
    ) async throws -> Descriptor? {
        guard let current, current.digest.algorithm != expected.digest.algorithm
        else { return current }
        let bytes = try await fetch(manifest: current).bytes
        return Digest.of(bytes, expected.digest.algorithm) == expected.digest ? expected : current
    }
}

extension PlannedImage {
    /// The name of the image at the targets.
    var targetName: ManifestName {
        if let tag { return .tag(tag) }
        guard let digest else { preconditionFailure("an image is named by a tag or a digest") }
        return .digest(digest)
    }
}
