// SPDX-License-Identifier: Apache-2.0

internal import Content
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
                    var resolved = try await slots.withSlot { try await resolve(image) }
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
                resolved.suggestedTags = try await source.nearestTags(to: tag)
                throw ContentError(
                    .missing, "tag \(tag) not found", hint: resolved.suggestedTags?.hint)
            }
        }
        if let digest = image.digest, current?.digest != digest {
            if let tag = image.tag {
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
                state.current = try await at(.target, state.location) {
                    try await stores.store(at: state.location)
                        .currentDescriptor(of: image.targetName)
                }
                state.isValidated = isValidated(resolved, at: state)
                state.action = action(
                    for: resolved, at: state, hasLock: target.lock != nil)
            } catch let error as CopyError {
                try Task.checkCancellation()
                state.failure = ImageFailure(error)
            }
            resolved.targets.append(state)
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
