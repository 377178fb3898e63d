// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI
internal import Validation

/// The sync of one image in five phases: resolve, load, validate, copy, record.
///
/// Each phase is a function from the value of the previous one to the next. An unchanged image ends
/// after the first and costs one HEAD request at the source and one at each target. A rejected
/// image ends after the third and costs its manifests and configs.
struct ImageSync {
    /// The values that the syncs of all images of a run share.
    struct Context: Sendable {
        let resolver: Resolver
        let copier: Copier
        let scanCache: LayerScanCache
        let referrers = ReferrerTracker()
        /// The manifests and configs that several images share.
        let cache = ContentCache()
        /// A Boolean value that indicates whether referrers are looked up for unchanged images too.
        let refreshesReferrers: Bool
        let observe: MirrorObserver
    }

    /// The reason for ending a sync before its last phase.
    enum End: Error {
        /// The run was canceled.
        case canceled
        /// No further phase is needed or possible.
        case finished(ImageOutcome)
    }

    /// An image that was read, with its targets after the latest phase.
    struct Loaded: Sendable {
        let resolved: ResolvedImage
        let descriptor: Descriptor
        let image: LoadedImage
        /// The stores to read from: the targets that have the image, then the source.
        let sources: [any ContentSource]
        var targets: [ImageTarget]

        func outcome(_ verdict: ImageOutcome.Verdict) -> ImageOutcome {
            ImageOutcome(resolved, targets: targets, loaded: image, verdict: verdict)
        }
    }

    let image: PlannedImage
    let context: Context

    /// Syncs the image; every failure is part of the outcome.
    func outcome() async throws(CancellationError) -> ImageOutcome {
        do throws(End) {
            let resolved = try await resolve()
            let loaded = try await load(resolved)
            let validation = try validate(loaded)
            let (copied, report) = try await copy(loaded, validation)
            return try await record(copied, report)
        } catch {
            switch error {
            case .canceled: throw CancellationError()
            case .finished(let outcome): return outcome
            }
        }
    }

    private var required: ImageRequirements { context.resolver.requirements(of: image) }

    // MARK: Resolve

    /// Resolves the name at the source and at each target.
    private func resolve() async throws(End) -> ResolvedImage {
        let resolved: ResolvedImage
        do throws(CancellationError) {
            resolved = try await context.resolver.resolve(image)
        } catch {
            throw .canceled
        }
        if let findings = resolved.recordedRejection {
            let exception = [required.exceptionFinding].compactMap(\.self)
            throw .finished(ImageOutcome(resolved, stillRejected: findings + exception))
        }
        guard let descriptor = resolved.descriptor, !resolved.isRejected else {
            throw .finished(ImageOutcome(resolved))
        }
        guard !resolved.targets.contains(where: \.state.isPending) else { return resolved }
        // The image is not read. Findings that its lock entry or an exception implies are reported.
        let unchecked = Set(resolved.targets.compactMap(\.locked).flatMap(\.notChecked)).sorted()
        let findings =
            [required.exceptionFinding].compactMap(\.self)
            + unchecked.map {
                Finding(.notChecked, .note, platform: $0, "\($0): content could not be checked")
            }
        let platforms = ImageFacts(at: resolved.targets, listing: descriptor.digest).platforms
        let children = Set(platforms.map(\.digest)).subtracting([descriptor.digest])
        do {
            let targets = try await withReferrers(
                of: [descriptor.digest] + children.sorted(), under: descriptor.digest,
                at: resolved.targets)
            throw End.finished(
                ImageOutcome(resolved, targets: targets, verdict: .notValidated(findings)))
        } catch {
            throw End(error) { ImageOutcome(resolved, verdict: .failed($0)) }
        }
    }

    // MARK: Load

    /// Reads what the rules require, from a target that has the image or else from the source.
    private func load(_ resolved: ResolvedImage) async throws(End) -> Loaded {
        guard let descriptor = resolved.descriptor else { throw .finished(ImageOutcome(resolved)) }
        var targets = resolved.targets
        var candidates = targets.filter(\.state.hasImage)
        func loaded(_ image: LoadedImage) throws(CopyError) -> Loaded {
            var sources: [any ContentSource] = []
            for candidate in candidates {
                sources.append(try store(.target, at: candidate.location))
            }
            sources.append(try source)
            return Loaded(
                resolved: resolved, descriptor: descriptor, image: image, sources: sources,
                targets: targets)
        }
        do {
            while let candidate = candidates.first {
                do {
                    let store = try store(.target, at: candidate.location)
                    return try loaded(await read(descriptor, in: store, as: .target))
                } catch let error as CopyError where error.failureClass != .invalid {
                    try Task.checkCancellation()
                    candidates.removeFirst()
                    targets.update(candidate.location) { $0.recordReadError(error) }
                }
                guard targets.contains(where: \.state.isPending) else {
                    throw End.finished(ImageOutcome(resolved, targets: targets))
                }
            }
            return try loaded(await read(descriptor, in: source, as: .source))
        } catch {
            throw End(error) { ImageOutcome(resolved, targets: targets, verdict: .failed($0)) }
        }
    }

    private func read(
        _ descriptor: Descriptor, in store: any ContentSource, as role: CopyRole
    ) async throws -> LoadedImage {
        // A target is always read itself, so that missing content is detected.
        let source: any ContentFetcher =
            role == .source ? context.cache.caching(store) : store
        return try await at(role, store.location) {
            let root = try await source.fetch(manifest: descriptor)
            let wanted = try RequiredChildren.digests(of: root, for: image.entry, required)
            let graph = try await ManifestGraph.read(from: root, in: source, only: wanted)
            return try await LoadedImage(graph, in: source, required: required)
        }
    }

    // MARK: Validate

    /// Runs the rules that need no layers; an error rejects the image before anything is pushed.
    private func validate(_ loaded: Loaded) throws(End) -> ImageValidation {
        let validation = ImageValidation(
            of: image.id, loaded.image, required, scanningWith: context.scanCache,
            limitedBy: context.copier.limiter,
            validatedBy: loaded.targets.first(where: \.isValidated)?.locked)
        guard validation.metadataReport.isAccepted else {
            throw .finished(loaded.outcome(.rejected(validation.metadataReport)))
        }
        return validation
    }

    // MARK: Copy

    /// Copies the blobs to each target that lacks the image, waits until the contents are known to
    /// be valid, and then pushes the manifests.
    private func copy(
        _ loaded: Loaded, _ validation: ImageValidation
    ) async throws(End) -> (Loaded, ValidationReport) {
        var copied = loaded
        do {
            let job = try job(loaded, validation)
            let blobs = try await context.copier.copyBlobs(of: job)
            copied.apply(blobs.results) { .blobsCopied($0) }
            var report = validation.report ?? validation.metadataReport
            if copied.targets.contains(where: \.state.isPending) {
                report = try await validation.validateContents(
                    readingFrom: blobs.remainingStores + loaded.sources)
            }
            guard report.isAccepted else { throw End.finished(copied.outcome(.rejected(report))) }
            let results = try await context.copier.pushManifests(after: blobs)
            copied.apply(results) { .copied($0) }
            for target in job.targets { await copied.finishCopy(to: target.store, context.observe) }
            return (copied, report)
        } catch {
            throw End(error) { copied.outcome(.failed($0)) }
        }
    }

    private func job(_ loaded: Loaded, _ validation: ImageValidation) throws(CopyError) -> CopyJob {
        let bytes = loaded.image.graph.blobs.reduce(0) { $0.plus($1.size) }
        // An OCI layout has no retention policy.
        let keepsReplaced = context.resolver.configuration.keepReplaced && image.tag != nil
        var targets: [CopyJob.Target] = []
        for target in loaded.targets {
            guard case .needsCopy(let replaced) = target.state else { continue }
            context.observe(.copying(image, to: target.location, bytes: bytes))
            targets.append(
                CopyJob.Target(
                    store: try store(.target, at: target.location), name: image.targetName,
                    current: target.current,
                    addsRetentionTag: keepsReplaced && replaced != nil && !target.location.isLayout,
                    predecessor: target.predecessor))
        }
        return CopyJob(
            name: image.id, graph: loaded.image.graph, configBlobs: loaded.image.configBytes,
            sources: loaded.sources, targets: targets, validation: validation)
    }

    // MARK: Stores

    var source: any ContentSource {
        get throws(CopyError) { try store(.source, at: image.source) }
    }

    func store(
        _ role: CopyRole, at location: StoreLocation
    ) throws(CopyError) -> any ContentStore {
        try context.resolver.stores.store(at: location, as: role)
    }
}

extension ImageSync.End {
    /// Creates the end after an error, which is the image's failure unless the run was canceled.
    init(_ error: any Error, _ outcome: (ImageFailure) -> ImageOutcome) {
        if let end = error as? Self {
            self = end
        } else if let failure = try? ImageFailure(unlessCanceled: error) {
            self = .finished(outcome(failure))
        } else {
            self = .canceled
        }
    }
}

extension ImageSync.Loaded {
    /// Advances the targets of a copy to their next state.
    fileprivate mutating func apply(
        _ results: [StoreLocation: CopyResult], success: (CopyReceipt) -> TargetState
    ) {
        for (location, result) in results {
            let failed = result.failure.map { TargetState.failed(ImageFailure($0), result.receipt) }
            targets.update(location) { $0.state = failed ?? success(result.receipt) }
        }
    }

    /// Reports the retention tag of a finished copy, and checks whether a new image is public.
    fileprivate mutating func finishCopy(
        to store: any ContentStore, _ observe: MirrorObserver
    ) async {
        guard let target = targets.first(where: { $0.location == store.location }),
            case .copied(let receipt) = target.state
        else { return }
        if let tag = receipt.retentionTag { observe(.kept(tag, at: store.location)) }
        guard target.isNew else { return }
        let isPublic = await store.isPublic(descriptor.digest)
        targets.update(store.location) { $0.isPublic = isPublic }
    }
}

extension ImageTarget {
    /// The image that the lock entry lists in this repository; its blobs need not be uploaded.
    fileprivate var predecessor: Descriptor? {
        guard let locked, .repository(locked.repository) == location else { return nil }
        return locked.descriptor
    }

    /// Advances the state after the image could not be read from the target.
    ///
    /// A target that has the manifest but not everything below it gets a new copy; otherwise no run
    /// would repair it. Another failure only concerns a target whose validation needs the image.
    fileprivate mutating func recordReadError(_ error: CopyError) {
        if error.failureClass == .missing {
            state = .needsCopy(replacing: nil)
        } else if state == .needsValidation {
            state = .failed(ImageFailure(error))
        }
    }
}
