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

    /// Does all that is to be done.
    ///
    /// - Throws: `CancellationError` only; every other failure is part of the outcome.
    func outcome() async throws -> ImageOutcome {
        let resolved = try await run.resolver.resolve(image)
        var outcome = ImageOutcome(resolved)
        guard let descriptor = resolved.descriptor else {
            outcome.status = resolved.failure?.failureClass == .missing ? .missing : .failed
            return outcome
        }
        guard !resolved.findings.contains(where: { $0.severity == .error }) else {
            outcome.status = .refused
            return outcome
        }
        guard resolved.targets.contains(where: { $0.action != .nothing && $0.action != nil }) else {
            outcome.status = outcome.failures.isEmpty ? .unchanged : .failed
            return outcome
        }
        do {
            try await bring(descriptor, resolved, &outcome)
        } catch let error as CancellationError {
            throw error
        } catch {
            // A transfer that was cancelled from outside ends in an error of the other side's.
            try Task.checkCancellation()
            outcome.failure = Failure(error)
            outcome.status = outcome.failure?.failureClass == .invalid ? .refused : .failed
        }
        return outcome
    }

    /// Validates what has to be, and copies it where it is not.
    private func bring(
        _ descriptor: Descriptor, _ resolved: ResolvedImage, _ outcome: inout ImageOutcome
    ) async throws {
        // What some target has already need not be asked of upstream.
        var holders: [any ContentSource] = try resolved.targets
            .filter { $0.action == .nothing || $0.action == .prove }
            .map { try run.resolver.stores.store(at: $0.location) }
        holders.append(try run.resolver.stores.store(at: image.source))

        let required = run.resolver.requirement(for: image)
        let examined = try await examine(descriptor, in: holders[0], required)
        let report = Validator().validate(examined, required: required)
        outcome.findings += report.findings
        guard report.isAccepted else {
            outcome.status = .refused
            return
        }
        var hasCopied = false
        for (position, standing) in resolved.targets.enumerated()
        where standing.action == .copy || standing.action == .replace {
            let target = try run.resolver.stores.store(at: standing.location)
            do {
                outcome.targets[position].receipt = try await copy(
                    examined, to: target, replacing: standing.current, from: holders)
                holders.insert(target, at: 0)
                hasCopied = true
            } catch let error as CopyError {
                try Task.checkCancellation()
                outcome.targets[position].failure = Failure(error)
            }
        }
        for position in outcome.targets.indices where outcome.targets[position].failure == nil {
            outcome.targets[position].block = LockedImage(
                image, descriptor, report, at: outcome.targets[position].location)
        }
        outcome.status =
            if !outcome.failures.isEmpty { .failed } else if hasCopied { .mirrored } else {
                .proved
            }
    }

    private func examine(
        _ descriptor: Descriptor, in source: any ContentSource, _ required: Requirement
    ) async throws -> ExaminedImage {
        try await at(source.location == image.source ? .source : .target, source.location) {
            let root = try await source.fetch(manifest: descriptor)
            let graph = try await ManifestGraph.read(from: root, in: source)
            return try await ExaminedImage(graph, in: source, required: required)
        }
    }

    private func copy(
        _ examined: ExaminedImage, to target: any ContentStore, replacing replaced: Descriptor?,
        from sources: [any ContentSource]
    ) async throws -> CopyReceipt {
        if let replaced { try await keep(replaced, at: target) }
        let bytes = examined.graph.blobs.reduce(0) { $0.addingReportingOverflow($1.size).0 }
        run.observe(.copying(image, to: target.location, bytes: bytes))
        return try await run.copier.copy(
            Copier.Job(
                graph: examined.graph, held: examined.configBytes, sources: sources,
                target: target, name: image.targetName))
    }

    /// Gives the digest that a tag is about to leave a tag of its own, so that a registry's clean-up
    /// does not delete what values files still pin.
    private func keep(_ replaced: Descriptor, at store: any ContentStore) async throws {
        // A tag has 128 characters at most, so the longer digests cannot be kept this way.
        guard run.resolver.config.keepReplaced, image.tag != nil,
            replaced.digest.algorithm == .sha256, case .repository = store.location
        else { return }
        try await at(.target, store.location) {
            let tag = try Tag(parsing: "kept-\(replaced.digest.hex)")
            let manifest = try await store.fetch(manifest: replaced)
            try await store.push(manifest: manifest, as: .tag(tag))
            run.observe(.kept(tag, at: store.location))
        }
    }
}

extension LockedImage {
    /// The block for an image that is at a target and has been judged; a layout has none.
    fileprivate init?(
        _ image: PlannedImage, _ descriptor: Descriptor, _ report: ValidationReport,
        at location: StoreLocation
    ) {
        guard case .repository(let repository) = location else { return nil }
        let pins = report.platforms.map { entry in
            (
                entry.platform,
                PlatformPin(digest: entry.descriptor.digest, size: entry.descriptor.size)
            )
        }
        self.init(
            source: image.sourceText, upstream: image.upstreamText(descriptor.digest),
            repository: repository, tag: image.versionTag, digest: descriptor.digest,
            mediaType: descriptor.mediaType, size: descriptor.size, proof: report.level,
            platforms: Dictionary(pins) { first, _ in first })
    }
}
