// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Locking
internal import OCI
internal import Validation

/// One image's way through resolve, validate and copy.
///
/// Nothing new costs one HEAD at the source and one at each target. A rejected image costs its
/// manifests and configurations, and nothing of it is pushed.
struct ImageSync {
    let image: PlannedImage
    let run: Syncer

    /// One target, and how the image stands there.
    private struct Target {
        let position: Int
        let store: any ContentStore
        let current: Descriptor?
        let block: LockedImage?
        let hasLock: Bool
    }

    /// Does all that is to be done.
    ///
    /// - Throws: `CancellationError` only; every other failure is part of the outcome.
    func outcome() async throws -> ImageOutcome {
        var outcome = ImageOutcome(image: image, status: .failed)
        do {
            try await work(&outcome)
        } catch let error as CancellationError {
            throw error
        } catch {
            // A transfer that was cancelled from outside ends in an error of the other side's.
            try Task.checkCancellation()
            outcome.failure = Failure(error)
            outcome.status =
                switch outcome.failure?.failureClass {
                case .invalid: .refused
                case .missing where outcome.descriptor == nil: .missing
                default: .failed
                }
        }
        return outcome
    }

    private func work(_ outcome: inout ImageOutcome) async throws {
        let source = try run.stores.store(at: image.source)
        guard let descriptor = try await resolve(in: source, &outcome) else { return }
        outcome.descriptor = descriptor
        let required = Requirement(image.entry, platforms: run.config.platforms, today: run.today)

        let targets = try await lookAtTargets(&outcome)
        let stale = targets.filter { $0.current?.digest != descriptor.digest }
        let good = targets.filter { $0.current?.digest == descriptor.digest }
        let unproved = good.filter { target in
            target.hasLock && target.block.map { !proves($0, descriptor, required) } ?? true
        }
        guard reportMove(of: descriptor, locks: targets.compactMap(\.block), &outcome) else {
            outcome.status = .refused
            return
        }
        guard !stale.isEmpty || !unproved.isEmpty else {
            outcome.status = outcome.failures.isEmpty ? .unchanged : .failed
            return
        }

        // What a target has already need not be asked of upstream.
        let sources: [any ContentSource] = good.map(\.store) + [source]
        let examined = try await examine(descriptor, in: sources[0], required)
        let report = Validator().validate(examined, required: required)
        outcome.findings += report.findings
        guard report.isAccepted else {
            outcome.status = .refused
            return
        }
        var holders = sources
        for target in stale {
            let arrived = try await copy(examined, to: target, from: holders, &outcome)
            if arrived { holders.insert(target.store, at: 0) }
        }
        for target in targets where outcome.targets[target.position].failure == nil {
            guard target.hasLock else { continue }
            outcome.targets[target.position].block = block(
                for: descriptor, report, at: target.store.location)
        }
        let isEverywhere = outcome.failures.isEmpty
        outcome.status = !isEverywhere ? .failed : stale.isEmpty ? .proved : .mirrored
    }
}

// MARK: - Resolve

extension ImageSync {
    /// Asks the source once what the name stands for.
    ///
    /// Where tag and digest are given, the digest is what is copied; a tag that has moved on is
    /// reported, and only then is the digest asked for by itself.
    private func resolve(
        in source: any ContentSource, _ outcome: inout ImageOutcome
    ) async throws -> Descriptor? {
        try await at(.source, image.source) {
            guard let tag = image.tag else {
                return try await resolve(image.digest, in: source)
            }
            let current = try await source.resolve(.tag(tag))
            if let digest = image.digest, current?.digest != digest {
                outcome.findings.append(
                    Finding(
                        .tagMoved, .warning,
                        "\(tag) is \(current?.digest.short ?? "gone") upstream; the configuration's "
                            + "digest is copied all the same"))
                return try await resolve(digest, in: source)
            }
            if let current { return current }
            outcome.status = .missing
            outcome.nearestTags = (try? await source.tags()).map { tag.nearest(in: $0) } ?? []
            outcome.failure = Failure(
                .missing, side: .source, "source \(image.source): there is no tag \(tag)",
                hint: outcome.nearestTags.isEmpty
                    ? nil : "nearest: \(outcome.nearestTags.map(\.name).joined(separator: ", "))")
            return nil
        }
    }

    private func resolve(
        _ digest: Digest?, in source: any ContentSource
    ) async throws -> Descriptor {
        guard let digest, let descriptor = try await source.resolve(.digest(digest)) else {
            throw ContentError(
                .missing, "there is no manifest \(digest.map(\.description) ?? "without a name")")
        }
        return descriptor
    }

    /// Asks every target, at the same time, what stands there under the name.
    ///
    /// A target that cannot be asked is out of this image's run; the others go on.
    private func lookAtTargets(_ outcome: inout ImageOutcome) async throws -> [Target] {
        var targets: [Target] = []
        for (position, target) in run.config.targets.enumerated() {
            let location = try image.location(in: target)
            outcome.targets.append(ImageOutcome.AtTarget(location: location))
            do {
                let store = try run.stores.store(at: location)
                let current = try await at(.target, location) {
                    try await store.resolve(targetName)
                }
                targets.append(
                    Target(
                        position: position, store: store, current: current,
                        block: target.lock.flatMap { run.locks[$0]?.images[image.id] },
                        hasLock: target.lock != nil))
            } catch let error as CopyError {
                outcome.targets[position].failure = Failure(error)
            }
        }
        return targets
    }

    /// The name under which the image stands at targets.
    private var targetName: ManifestName {
        if let tag = image.tag { return .tag(tag) }
        guard let digest = image.digest else { preconditionFailure("named by tag or digest") }
        return .digest(digest)
    }
}

// MARK: - Validate

extension ImageSync {
    private func examine(
        _ descriptor: Descriptor, in source: any ContentSource, _ required: Requirement
    ) async throws -> ExaminedImage {
        try await at(.source, source.location) {
            let root = try await source.fetch(manifest: descriptor)
            let graph = try await ManifestGraph.read(from: root, in: source)
            return try await ExaminedImage(graph, in: source, required: required)
        }
    }

    /// Reports a version tag whose digest is another than a lock's.
    ///
    /// - Returns: whether the image may go on.
    private func reportMove(
        of descriptor: Descriptor, locks: [LockedImage], _ outcome: inout ImageOutcome
    ) -> Bool {
        guard let tag = image.versionTag, !image.entry.floating, image.digest == nil,
            image.entry.moved != .accept,
            let was = locks.first(where: {
                $0.source == image.sourceText && $0.digest != descriptor.digest
            })
        else { return true }
        let refused = image.entry.moved == .refuse
        outcome.findings.append(
            Finding(
                .tagMoved, refused ? .error : .warning,
                "\(tag) was \(was.digest.short) when it was locked and is now "
                    + "\(descriptor.digest.short)"))
        return !refused
    }

    /// Whether a lock's block says of these bytes everything that is asked for now.
    private func proves(
        _ block: LockedImage, _ descriptor: Descriptor, _ required: Requirement
    ) -> Bool {
        block.digest == descriptor.digest && block.source == image.sourceText
            && block.upstream == image.upstreamText(descriptor.digest)
            && block.tag == image.versionTag && block.proof >= required.level
            && (required.isArtifact
                || required.effectivePlatforms.allSatisfy { platform in
                    block.platforms.keys.contains { platform.matches($0) }
                })
    }

    private func block(
        for descriptor: Descriptor, _ report: ValidationReport, at location: StoreLocation
    ) -> LockedImage? {
        guard case .repository(let repository) = location else { return nil }
        let pins = report.platforms.map {
            (
                $0.platform,
                LockedImage.PlatformPin(digest: $0.descriptor.digest, size: $0.descriptor.size)
            )
        }
        return LockedImage(
            source: image.sourceText, upstream: image.upstreamText(descriptor.digest),
            repository: repository, tag: image.versionTag, digest: descriptor.digest,
            mediaType: descriptor.mediaType, size: descriptor.size, proof: report.level,
            platforms: Dictionary(pins) { first, _ in first })
    }
}

// MARK: - Copy

extension ImageSync {
    /// Copies to one target.
    ///
    /// - Returns: whether the image is there now.
    private func copy(
        _ examined: ExaminedImage, to target: Target, from sources: [any ContentSource],
        _ outcome: inout ImageOutcome
    ) async throws -> Bool {
        let location = target.store.location
        do {
            if let replaced = target.current { try await keep(replaced, at: target.store) }
            run.observe(
                .copying(
                    image, to: location, bytes: examined.graph.blobs.reduce(0) { $0 + $1.size }))
            outcome.targets[target.position].receipt = try await run.copier.copy(
                Copier.Job(
                    graph: examined.graph, held: examined.configBytes, sources: sources,
                    target: target.store, name: targetName))
            return true
        } catch let error as CopyError {
            try Task.checkCancellation()
            outcome.targets[target.position].failure = Failure(error)
            return false
        }
    }

    /// Gives the digest that a tag is about to leave a tag of its own, so that a registry's clean-up
    /// does not delete what values files still pin.
    private func keep(_ replaced: Descriptor, at store: any ContentStore) async throws {
        guard run.config.keepReplaced, image.tag != nil, replaced.digest.algorithm == .sha256,
            case .repository = store.location
        else { return }
        try await at(.target, store.location) {
            let tag = try Tag(parsing: "kept-\(replaced.digest.hex)")
            let manifest = try await store.fetch(manifest: replaced)
            try await store.push(manifest: manifest, as: .tag(tag))
            run.observe(.kept(tag, at: store.location))
        }
    }
}
