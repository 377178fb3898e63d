// SPDX-License-Identifier: Apache-2.0

internal import Content
public import Lockfiles
internal import OCI
internal import Validation
internal import AsyncPrimitives

/// Asks the source and the targets what an image's name stands for: one HEAD each.
public struct Resolver: Sendable {
    let config: MirrorConfiguration
    let stores: StoreProvider
    let locks: [String: Lockfile]
    let today: CalendarDay

    /// Makes a resolver.
    ///
    /// - Parameters:
    ///   - config: the configuration.
    ///   - stores: how to come by stores.
    ///   - locks: the targets' locks as they are, by path.
    ///   - today: the day on which exceptions are judged.
    public init(
        config: MirrorConfiguration, stores: StoreProvider, locks: [String: Lockfile],
        today: CalendarDay
    ) {
        self.config = config
        self.stores = stores
        self.locks = locks
        self.today = today
    }

    /// Resolves the images of a plan, in its order, and says which exceptions count for them.
    ///
    /// - Throws: `CancellationError`.
    public func resolve(_ plan: Plan) async throws -> [ResolvedImage] {
        let places = AsyncSemaphore(Syncer.imagesAtOnce)
        stores.expect(plan.images.map(\.source))
        return try await withThrowingTaskGroup(of: (Int, ResolvedImage).self) { group in
            for (position, image) in plan.images.enumerated() {
                group.addTask {
                    var resolved = try await places.withSlot { try await resolve(image) }
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

    /// Resolves one image; whatever prevents that is part of the answer.
    ///
    /// - Throws: `CancellationError`.
    public func resolve(_ image: PlannedImage) async throws -> ResolvedImage {
        var resolved = ResolvedImage(image: image)
        do {
            try await at(.source, image.source) {
                try await askSource(in: try stores.store(at: image.source), &resolved)
            }
        } catch let error as CopyError {
            // A request that a cancelled task gave up on ends in an error too.
            try Task.checkCancellation()
            resolved.failure = ImageFailure(error)
            return resolved
        }
        do {
            try await askTargets(&resolved)
        } catch let error as ParseError {
            // The loader refuses such names; a configuration made by hand may still have one.
            resolved.descriptor = nil
            resolved.failure = ImageFailure(.invalid, side: .target, error.description)
        }
        reportMove(&resolved)
        return resolved
    }

    /// What the image has to be.
    func requirement(for image: PlannedImage) -> ImageRequirements {
        ImageRequirements(image.entry, platforms: config.platforms, today: today)
    }

    // MARK: Source

    /// Asks the source once what the name stands for.
    ///
    /// Where tag and digest are given, the digest is what is copied; a tag that has moved on is
    /// reported, and only then is the digest asked for by itself.
    private func askSource(
        in source: any ContentSource, _ resolved: inout ResolvedImage
    ) async throws {
        let image = resolved.image
        var current: Descriptor?
        if let tag = image.tag {
            current = try await source.resolve(.tag(tag))
            if current == nil, image.digest == nil {
                resolved.instead = try await source.nearestTags(to: tag)
                throw ContentError(
                    .missing, "there is no tag \(tag)", hint: resolved.instead?.hint)
            }
        }
        if let digest = image.digest, current?.digest != digest {
            if let tag = image.tag {
                resolved.findings.append(
                    Finding(
                        .tagMoved, .warning,
                        "\(tag) is \(current?.digest.short ?? "gone") upstream; the digest of the "
                            + "configuration is copied all the same"))
            }
            current = try await source.resolve(.digest(digest))
            guard current != nil else {
                throw ContentError(.missing, "there is no manifest \(digest)")
            }
        }
        resolved.descriptor = current
    }

    // MARK: Targets

    /// Asks each target what has the name there; one that cannot be asked does not stop the others.
    ///
    /// Targets are asked in turn: with many images on their way at once, every host is busy anyway.
    private func askTargets(_ resolved: inout ResolvedImage) async throws {
        let image = resolved.image
        for target in config.targets {
            var standing = ResolvedImage.AtTarget(
                location: try image.location(in: target),
                block: target.lock.flatMap { locks[$0]?.images[image.id] })
            do {
                standing.current = try await at(.target, standing.location) {
                    try await stores.store(at: standing.location)
                        .standing(of: image.targetName)
                }
                standing.isValidated = isValidated(resolved, at: standing)
                standing.action = action(
                    for: resolved, at: standing, hasLock: target.lock != nil)
            } catch let error as CopyError {
                try Task.checkCancellation()
                standing.failure = ImageFailure(error)
            }
            resolved.targets.append(standing)
        }
    }

    private func action(
        for resolved: ResolvedImage, at standing: ResolvedImage.AtTarget, hasLock: Bool
    ) -> ResolvedImage.Action? {
        guard let descriptor = resolved.descriptor else { return nil }
        guard let current = standing.current else { return .copy }
        guard current.digest == descriptor.digest else { return .replace }
        return standing.isValidated || !hasLock ? .nothing : .validate
    }

    private func isValidated(
        _ resolved: ResolvedImage, at standing: ResolvedImage.AtTarget
    ) -> Bool {
        guard let descriptor = resolved.descriptor, let block = standing.block else {
            return false
        }
        return .repository(block.repository) == standing.location
            && block.proves(descriptor, resolved.image, requirement(for: resolved.image))
    }

    /// Reports a version tag whose digest is another than a lock's, as `moved:` says.
    private func reportMove(_ resolved: inout ResolvedImage) {
        let image = resolved.image
        guard let tag = image.versionTag, !image.entry.floating, image.digest == nil,
            image.entry.moved != .accept, let descriptor = resolved.descriptor,
            let was = resolved.targets.compactMap(\.block).first(where: {
                $0.source == image.sourceText && $0.digest != descriptor.digest
            })
        else { return }
        resolved.findings.append(
            Finding(
                .tagMoved, image.entry.moved == .reject ? .error : .warning,
                "\(tag) was \(was.digest.short) when it was locked and is now "
                    + "\(descriptor.digest.short)"))
    }
}

extension PlannedImage {
    /// The name under which the image stands at targets.
    var targetName: ManifestName {
        if let tag { return .tag(tag) }
        guard let digest else { preconditionFailure("an image is named by a tag or a digest") }
        return .digest(digest)
    }
}

extension LockedImage {
    /// Whether the block says of these bytes everything that is asked for now.
    fileprivate func proves(
        _ descriptor: Descriptor, _ image: PlannedImage, _ required: ImageRequirements
    ) -> Bool {
        digest == descriptor.digest && source == image.sourceText
            && upstream == image.upstreamText(descriptor.digest) && tag == image.versionTag
            && shortfalls(of: required).isEmpty
    }
}
