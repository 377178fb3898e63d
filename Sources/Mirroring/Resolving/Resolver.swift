// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Hashing
public import Lockfiles
internal import OCI
internal import Validation
internal import AsyncPrimitives

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
                    var resolved = try await slots.withPermit { try await resolve(image) }
                    resolved.findings += [requirement(for: image).exceptionFinding]
                        .compactMap(\.self)
                    return (position, resolved)
                }
            }
            var resolved: [(Int, ResolvedImage)] = []
            for try await image in group { resolved.append(image) }
            return resolved.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Resolves one image; failures are part of the result.
    ///
    /// - Throws: `CancellationError`.
    public func resolve(_ image: PlannedImage) async throws -> ResolvedImage {
        var resolved = ResolvedImage(image: image)
        do {
            try await at(.source, image.source) {
                try await resolveSource(in: try stores.store(at: image.source), &resolved)
            }
        } catch let error as CopyError {
            // A request that ends because of a cancelled task can throw any error.
            try Task.checkCancellation()
            resolved.failure = ImageFailure(error)
            return resolved
        }
        do {
            try await resolveTargets(&resolved)
        } catch let error as ParseError {
            // The loader rejects such names, but a configuration created in code can have one.
            resolved.descriptor = nil
            resolved.failure = ImageFailure(.invalid, role: .target, error.description)
        }
        reportMovedTag(&resolved)
        return resolved
    }

    /// Returns the requirements of an image.
    func requirement(for image: PlannedImage) -> ImageRequirements {
        ImageRequirements(image.entry, platforms: configuration.platforms, today: today)
    }

    // MARK: Source

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

    /// Resolves the name at each target; a failure at one target does not stop the others.
    ///
    /// Targets are resolved in sequence, because concurrent images already use every registry.
    private func resolveTargets(_ resolved: inout ResolvedImage) async throws {
        let image = resolved.image
        for target in configuration.targets {
            var state = ResolvedImage.AtTarget(
                location: try image.location(in: target),
                lockEntry: target.lock.flatMap { locks[$0]?.images[image.id] })
            do {
                try await resolveTarget(&state, &resolved)
                state.action =
                    state.action
                    ?? action(
                        for: resolved, at: state, hasLock: target.lock != nil)
            } catch let error as CopyError {
                try Task.checkCancellation()
                state.failure = ImageFailure(error)
            }
            resolved.targets.append(state)
        }
    }

    /// Resolves the name at a target.
    ///
    /// If a policy of the target permits no one to read it, the digest of the lock entry is used.
    private func resolveTarget(
        _ state: inout ResolvedImage.AtTarget, _ resolved: inout ResolvedImage
    ) async throws {
        let image = resolved.image
        var locked = state.lockEntry
        if let entry = locked, .repository(entry.repository) != state.location { locked = nil }
        do {
            state.current = try await at(.target, state.location) {
                let store = try stores.store(at: state.location)
                let current = try await store.currentDescriptor(of: image.targetName)
                guard current == nil, let tag = image.tag, locked?.targetTag == tag else {
                    return try await store.describing(current, as: resolved.descriptor)
                }
                return try await store.resolveByReading(.tag(tag))
            }
            state.isValidated = isValidated(resolved, at: state)
        } catch let error as CopyError where error.blocksPulls {
            try Task.checkCancellation()
            resolved.findings.append(
                Finding(.targetBlocksPulls, .warning, "\(error)"))
            state.current = locked.flatMap { $0.targetTag == image.tag ? $0.descriptor : nil }
            state.isValidated = isValidated(resolved, at: state)
            guard let descriptor = resolved.descriptor else { return }
            // The image cannot be validated from the target.
            let hasDigest = state.current?.digest == descriptor.digest
            state.action =
                if hasDigest && state.isValidated {
                    .nothing
                } else if hasDigest || state.current == nil {
                    .copy
                } else {
                    .replace
                }
        }
    }

    private func action(
        for resolved: ResolvedImage, at state: ResolvedImage.AtTarget, hasLock: Bool
    ) -> ResolvedImage.Action? {
        guard let descriptor = resolved.descriptor else { return nil }
        guard let current = state.current else { return .copy }
        guard current.digest == descriptor.digest else { return .replace }
        return state.isValidated || !hasLock ? .nothing : .validate
    }

    private func isValidated(
        _ resolved: ResolvedImage, at state: ResolvedImage.AtTarget
    ) -> Bool {
        guard let descriptor = resolved.descriptor, let lockEntry = state.lockEntry else {
            return false
        }
        return .repository(lockEntry.repository) == state.location
            && lockEntry.covers(descriptor, resolved.image, requirement(for: resolved.image))
    }

    /// Reports a version tag whose digest differs from its lock entry, with the severity that
    /// `moved` sets.
    private func reportMovedTag(_ resolved: inout ResolvedImage) {
        let image = resolved.image
        guard let tag = image.versionTag, !image.entry.floating, image.digest == nil,
            image.entry.moved != .accept, let descriptor = resolved.descriptor,
            let was = resolved.targets.compactMap(\.lockEntry).first(where: {
                $0.source == image.sourceText && $0.digest != descriptor.digest
            })
        else { return }
        resolved.findings.append(
            Finding(
                .tagMoved, image.entry.moved == .reject ? .error : .warning,
                "tag \(tag) moved from \(was.digest.short) (locked) to \(descriptor.digest.short)"))
    }
}

extension ContentSource {
    /// Returns a descriptor with the digest of an expected one, if both have different algorithms
    /// and name the same bytes.
    ///
    /// Source: distribution/distribution#4420: a registry may state SHA-256 digests only.
    fileprivate func describing(
        _ current: Descriptor?, as expected: Descriptor?
    ) async throws -> Descriptor? {
        guard let current, let expected, current.digest.algorithm != expected.digest.algorithm
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

extension LockedImage {
    /// Returns a Boolean value that indicates whether the lock entry covers all requirements of the
    /// image.
    fileprivate func covers(
        _ descriptor: Descriptor, _ image: PlannedImage, _ required: ImageRequirements
    ) -> Bool {
        digest == descriptor.digest && source == image.sourceText
            && upstream == image.upstreamText(descriptor.digest) && tag == image.versionTag
            && gaps(for: required).isEmpty
    }
}
