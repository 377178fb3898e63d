// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
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
            outcome.status = .rejected
            return outcome
        }
        let required = run.resolver.requirement(for: image)
        var work = ImageWork(resolved)
        guard !work.isDone else {
            // Nobody looks at the image, and yet the end of an exception has to be told in time.
            outcome.findings += [required.exceptionFinding].compactMap(\.self)
            outcome.status = outcome.failures.isEmpty ? .unchanged : .failed
            try await copyReferrers(of: descriptor, nil, work, &outcome)
            return outcome
        }
        do {
            try await bring(descriptor, required, &work, &outcome)
        } catch let error as CancellationError {
            throw error
        } catch {
            // A transfer that was cancelled from outside ends in an error of the other side's.
            try Task.checkCancellation()
            outcome.failure = ImageFailure(error)
            outcome.status = outcome.failure?.failureClass == .invalid ? .rejected : .failed
        }
        return outcome
    }

    /// Validates what has to be, and copies it where it is not.
    private func bring(
        _ descriptor: Descriptor, _ required: ImageRequirements, _ work: inout ImageWork,
        _ outcome: inout ImageOutcome
    ) async throws {
        guard let examined = try await examine(descriptor, required, &work, &outcome) else {
            outcome.status = .failed
            return
        }
        outcome.facts = ImageFacts(examined)
        let judgement = ImageValidation(
            of: image.id, examined, required, run.inspector, run.copier.limiter,
            isValidated: work.isValidated)
        do {
            guard judgement.metadataReport.isAccepted else {
                throw ImageRejected(report: judgement.metadataReport)
            }
            try await copy(examined, judgement, &work, &outcome)
            if !work.toLock.isEmpty {
                try await judgement.requireValid(readingFrom: try sources(work))
            }
        } catch let refusal as ImageRejected {
            for (position, receipt) in zip(work.toCopy, refusal.receipts) {
                outcome.targets[position].receipt = receipt
            }
            outcome.findings += refusal.report.findings
            outcome.status = .rejected
            return
        }
        let report = judgement.report ?? judgement.metadataReport
        outcome.findings += report.findings
        for position in work.toLock {
            outcome.targets[position].block = LockedImage(
                image, descriptor, report, at: outcome.targets[position].location)
        }
        outcome.status =
            if !outcome.failures.isEmpty { .failed } else if work.toCopy.isEmpty { .validated } else
            {
                work.isRepair ? .repaired : .mirrored
            }
        try await copyReferrers(of: descriptor, examined.graph, work, &outcome)
    }

    /// Reads what the rules look at: from a target that has the image, else from upstream.
    ///
    /// A target that has the manifest itself but not all below it is copied to again, otherwise no
    /// run would ever heal it. Nil where a failure left nothing to do.
    private func examine(
        _ descriptor: Descriptor, _ required: ImageRequirements, _ work: inout ImageWork,
        _ outcome: inout ImageOutcome
    ) async throws -> LoadedImage? {
        while let position = work.holders.first {
            do {
                return try await examine(
                    descriptor, required, in: try target(position, work), side: .target)
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
        return try await examine(descriptor, required, in: try upstream, side: .source)
    }

    private func examine(
        _ descriptor: Descriptor, _ required: ImageRequirements, in source: any ContentSource,
        side: CopySide
    ) async throws -> LoadedImage {
        try await at(side, source.location) {
            let root = try await source.fetch(manifest: descriptor)
            let wanted = try RequiredChildren.digests(of: root, for: image.entry, required)
            let graph = try await ManifestGraph.read(from: root, in: source, only: wanted)
            return try await LoadedImage(graph, in: source, required: required)
        }
    }

    /// Copies the image to every target that lacks it, and looks after what comes with it.
    private func copy(
        _ examined: LoadedImage, _ judgement: ImageValidation, _ work: inout ImageWork,
        _ outcome: inout ImageOutcome
    ) async throws {
        guard !work.toCopy.isEmpty else { return }
        let results = try await run.copier.copy(try job(examined, judgement, work))
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
        _ examined: LoadedImage, _ judgement: ImageValidation, _ work: ImageWork
    ) throws -> CopyJob {
        let bytes = examined.graph.blobs.reduce(0) { $0.plus($1.size) }
        return CopyJob(
            name: image.id, graph: examined.graph, configBlobs: examined.configBytes,
            sources: try sources(work),
            targets: try work.toCopy.map { position in
                let standing = work.resolved.targets[position]
                let target = try target(position, work)
                let keeps =
                    run.resolver.config.keepReplaced && image.tag != nil && !target.isLayout
                run.observe(.copying(image, to: target.location, bytes: bytes))
                return CopyJob.Target(
                    store: target, name: image.targetName, current: standing.current,
                    addsRetentionTag: keeps && standing.action == .replace,
                    predecessor: standing.predecessor)
            }, validation: judgement)
    }

    // MARK: Stores

    /// Where the bytes are, the place to ask first at the front, upstream last.
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
        _ side: CopySide, at location: StoreLocation
    ) throws(CopyError) -> any ContentStore {
        do {
            return try run.resolver.stores.store(at: location)
        } catch {
            throw CopyError(error, side: side, at: location)
        }
    }
}

extension ResolvedImage.AtTarget {
    /// The image that the lock file lists in this repository; its blobs need not be sent again.
    fileprivate var predecessor: Descriptor? {
        guard let block, .repository(block.repository) == location else { return nil }
        return block.descriptor
    }
}

extension ContentSource {
    /// Whether this is a folder, which no registry's clean-up looks at.
    fileprivate var isLayout: Bool {
        if case .layout = location { true } else { false }
    }
}
