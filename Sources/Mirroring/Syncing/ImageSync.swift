// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI
internal import Validation

/// The sync of one image: resolve, validate, copy.
///
/// An unchanged image costs one HEAD request at the source and one at each target. A rejected image
/// costs its manifests and configs, and nothing of it is pushed.
struct ImageSync {
    let image: PlannedImage
    let run: Syncer

    /// Syncs the image and returns the result.
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
            outcome.status = .rejected
            return outcome
        }
        let required = run.resolver.requirement(for: image)
        var work = ImageWork(resolved)
        guard !work.isDone else {
            // The image is not read, but the end of an exception must still be reported in time.
            outcome.findings += [required.exceptionFinding].compactMap(\.self)
            outcome.status = outcome.failures.isEmpty ? .unchanged : .failed
            try await copyReferrers(of: descriptor, nil, work, &outcome)
            return outcome
        }
        do {
            try await validateAndCopy(descriptor, required, &work, &outcome)
        } catch let error as CancellationError {
            throw error
        } catch {
            // A transfer that was canceled from outside can end in an error of the registry client.
            try Task.checkCancellation()
            outcome.failure = ImageFailure(error)
            outcome.status = outcome.failure?.failureClass == .invalid ? .rejected : .failed
        }
        return outcome
    }

    /// Validates the image where necessary and copies it to the targets that lack it.
    private func validateAndCopy(
        _ descriptor: Descriptor, _ required: ImageRequirements, _ work: inout ImageWork,
        _ outcome: inout ImageOutcome
    ) async throws {
        guard let examined = try await examine(descriptor, required, &work, &outcome) else {
            outcome.status = .failed
            return
        }
        outcome.facts = ImageFacts(examined)
        let validation = ImageValidation(
            of: image.id, examined, required, run.inspector, run.copier.limiter,
            isValidated: work.isValidated)
        do {
            guard validation.metadataReport.isAccepted else {
                throw ImageRejected(report: validation.metadataReport)
            }
            try await copy(examined, validation, &work, &outcome)
            if !work.toLock.isEmpty {
                try await validation.requireValid(readingFrom: try sources(work))
            }
        } catch let rejection as ImageRejected {
            for (position, receipt) in zip(work.toCopy, rejection.receipts) {
                outcome.targets[position].receipt = receipt
            }
            outcome.findings += rejection.report.findings
            outcome.status = .rejected
            return
        }
        let report = validation.report ?? validation.metadataReport
        outcome.findings += report.findings
        for position in work.toLock {
            outcome.targets[position].lockEntry = LockedImage(
                image, examined.graph.root.descriptor, report,
                at: outcome.targets[position].location)
        }
        outcome.status =
            if !outcome.failures.isEmpty { .failed } else if work.toCopy.isEmpty { .validated } else
            {
                work.isRepair ? .repaired : .mirrored
            }
        try await copyReferrers(of: descriptor, examined.graph, work, &outcome)
    }

    /// Returns what the rules read, from a target that has the image or else from the source.
    ///
    /// A target that has the manifest but not everything below it is added to the targets to copy
    /// to; otherwise no run would repair it. Returns `nil` if failures left nothing to do.
    private func examine(
        _ descriptor: Descriptor, _ required: ImageRequirements, _ work: inout ImageWork,
        _ outcome: inout ImageOutcome
    ) async throws -> LoadedImage? {
        while let position = work.holders.first {
            do {
                return try await examine(
                    descriptor, required, in: try target(position, work), role: .target)
            } catch let error as CopyError where error.failureClass != .invalid {
                try Task.checkCancellation()
                work.holders.removeFirst()
                if error.failureClass == .missing {
                    work.toCopy.append(position)
                    work.toLock.insert(position)
                } else if work.toLock.remove(position) != nil {
                    outcome.targets[position].failure = ImageFailure(error)
                }
            }
            guard !work.isDone else { return nil }
        }
        return try await examine(descriptor, required, in: try upstream, role: .source)
    }

    private func examine(
        _ descriptor: Descriptor, _ required: ImageRequirements, in source: any ContentSource,
        role: CopyRole
    ) async throws -> LoadedImage {
        try await at(role, source.location) {
            let root = try await source.fetch(manifest: descriptor)
            let wanted = try RequiredChildren.digests(of: root, for: image.entry, required)
            let graph = try await ManifestGraph.read(from: root, in: source, only: wanted)
            return try await LoadedImage(graph, in: source, required: required)
        }
    }

    /// Copies the image to every target that lacks it and records the results.
    private func copy(
        _ examined: LoadedImage, _ validation: ImageValidation, _ work: inout ImageWork,
        _ outcome: inout ImageOutcome
    ) async throws {
        guard !work.toCopy.isEmpty else { return }
        let results = try await run.copier.copy(try job(examined, validation, work))
        for (position, result) in zip(work.toCopy, results) {
            outcome.targets[position].receipt = result.receipt
            if let error = result.failure {
                outcome.targets[position].failure = ImageFailure(error)
                work.toLock.remove(position)
                continue
            }
            let target = try target(position, work)
            if let tag = result.receipt.retentionTag {
                run.observe(.kept(tag, at: target.location))
            }
            if work.isFirst(at: position) {
                outcome.targets[position].isPublic = await target.isPublic(
                    examined.graph.root.descriptor.digest)
            }
        }
    }

    private func job(
        _ examined: LoadedImage, _ validation: ImageValidation, _ work: ImageWork
    ) throws -> CopyJob {
        let bytes = examined.graph.blobs.reduce(0) { $0.plus($1.size) }
        return CopyJob(
            name: image.id, graph: examined.graph, configBlobs: examined.configBytes,
            sources: try sources(work),
            targets: try work.toCopy.map { position in
                let state = work.resolved.targets[position]
                let target = try target(position, work)
                let keeps =
                    run.resolver.configuration.keepReplaced && image.tag != nil && !target.isLayout
                run.observe(.copying(image, to: target.location, bytes: bytes))
                return CopyJob.Target(
                    store: target, name: image.targetName, current: state.current,
                    addsRetentionTag: keeps && state.action == .replace,
                    predecessor: state.predecessor)
            }, validation: validation)
    }

    // MARK: Stores

    /// Returns the stores to read from: targets that have the image, then the source.
    private func sources(_ work: ImageWork) throws(CopyError) -> [any ContentSource] {
        var sources: [any ContentSource] = []
        for position in work.holders { sources.append(try target(position, work)) }
        return sources + [try upstream]
    }

    var upstream: any ContentSource {
        get throws(CopyError) { try store(.source, at: image.source) }
    }

    func target(
        _ position: Int, _ work: ImageWork
    ) throws(CopyError) -> any ContentStore {
        try store(.target, at: work.resolved.targets[position].location)
    }

    private func store(
        _ role: CopyRole, at location: StoreLocation
    ) throws(CopyError) -> any ContentStore {
        do {
            return try run.resolver.stores.store(at: location)
        } catch {
            throw CopyError(error, role: role, at: location)
        }
    }
}

extension ResolvedImage.AtTarget {
    /// The image that the lock entry lists in this repository; its blobs need not be uploaded.
    fileprivate var predecessor: Descriptor? {
        guard let lockEntry, .repository(lockEntry.repository) == location else { return nil }
        return lockEntry.descriptor
    }
}

extension ContentSource {
    /// A Boolean value that indicates whether this is an OCI layout, which has no retention policy.
    fileprivate var isLayout: Bool {
        if case .layout = location { true } else { false }
    }
}
