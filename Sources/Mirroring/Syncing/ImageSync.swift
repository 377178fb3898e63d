// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI
internal import Validation

/// The sync of one image in five phases: resolve, load, validate, copy, record.
///
/// Each phase advances the states of the image's targets. An unchanged image ends after the first
/// and costs one HEAD request at the source and one at each target. A rejected image ends after the
/// third and costs its manifests and configs.
struct ImageSync {
    /// The values that the syncs of all images of a run share.
    struct Context: Sendable {
        let resolver: Resolver
        let rejections: RecordedRejections
        let transfers: BlobTransfers
        let scanCache: LayerScanCache
        let referrers: ReferrerCopier
        /// The manifests and configs that several images share.
        let cache = ContentCache()
        /// A Boolean value that indicates whether referrers are looked up for unchanged images too.
        let refreshesReferrers: Bool
        let observe: MirrorObserver
    }

    let context: Context
    /// The image, with its targets after the latest phase.
    var latest: ResolvedImage
    /// The image as it was read; `nil` before it is.
    private var loaded: LoadedImage?

    var image: PlannedImage { latest.image }
    var stores: StoreProvider { context.resolver.stores }
    private var required: ImageRequirements { context.resolver.requirements(of: image) }

    /// Creates the sync of an image of which no name is resolved.
    init(of image: PlannedImage, in context: Context) {
        self.context = context
        latest = ResolvedImage(image: image)
    }

    /// Syncs the image; every failure is part of the outcome.
    mutating func run() async throws(CancellationError) -> ImageOutcome {
        latest = try await context.resolver.resolveSource(of: image)
        if let findings = context.rejections.findings(of: latest.descriptor?.digest, required) {
            return outcome(.stillRejected(findings))
        }
        latest = try await context.resolver.resolveTargets(of: latest)
        guard let root = latest.descriptor, !latest.isRejected else {
            return outcome(.notValidated)
        }
        do {
            let verdict: ImageOutcome.Verdict =
                isPending
                ? try await processPendingTargets(root)
                : .unchanged(try await refreshReferrers(of: root))
            return outcome(verdict)
        } catch {
            return outcome(.failed(try ImageFailure(unlessCanceled: error)))
        }
    }

    private func outcome(_ verdict: ImageOutcome.Verdict) -> ImageOutcome {
        ImageOutcome(latest, required, loaded: loaded, verdict: verdict)
    }

    /// A Boolean value that indicates whether a target still needs the image or its validation.
    private var isPending: Bool { latest.targets.contains(where: \.state.isPending) }

    /// Performs the phases after resolution.
    private mutating func processPendingTargets(
        _ root: Descriptor
    ) async throws -> ImageOutcome.Verdict {
        guard let (loaded, sources) = try await load(root) else { return .notValidated }
        self.loaded = loaded
        let validation = validate(loaded)
        guard validation.report.isAccepted else { return .rejected(validation.report) }
        let report = try await copy(loaded, from: sources, validation)
        guard report.isAccepted else { return .rejected(report) }
        try await record(loaded, report)
        return .valid(report)
    }

    /// Copies the referrers of an image that is not read, if they are requested or incomplete.
    ///
    /// - Returns: The findings that its lock entries imply.
    private mutating func refreshReferrers(of root: Descriptor) async throws -> [Finding] {
        let unchecked = Set(latest.targets.compactMap(\.lockedBefore).flatMap(\.notChecked))
            .sorted()
        let (entry, required) = (image.entry, required)
        try await copyReferrers(of: root) { store in
            try await ManifestGraph.digests(below: root, in: store) {
                try entry.wantedChildren(of: $0, required: required)
            }
        }
        return unchecked.map {
            Finding(.notChecked, .note, platform: $0, "\($0): content could not be checked")
        }
    }

    // MARK: Load

    /// Reads what the rules require, from a target that has the image or else from the source.
    ///
    /// - Returns: The image and the stores to read its blobs from, in order of preference; `nil` if
    ///   no target is left that needs it.
    private mutating func load(
        _ root: Descriptor
    ) async throws -> (LoadedImage, sources: [any ContentSource])? {
        var candidates = latest.targets.filter(\.state.hasImage).map(\.location)[...]
        while let location = candidates.first {
            do {
                let store = try stores.store(at: location, as: .target)
                let image = try await read(root, in: store, as: .target)
                var sources: [any ContentSource] = []
                for location in candidates {
                    sources.append(try stores.store(at: location, as: .target))
                }
                sources.append(try source)
                return (image, sources)
            } catch let error as CopyError where error.failureClass != .invalid {
                try Task.checkCancellation()
                candidates.removeFirst()
                latest.targets.update(location) { $0.recordReadError(error) }
            }
            guard isPending else { return nil }
        }
        let source = try source
        return (try await read(root, in: source, as: .source), [source])
    }

    private func read(
        _ descriptor: Descriptor, in store: any ContentSource, as role: CopyRole
    ) async throws -> LoadedImage {
        // Targets are read without the cache, so that lost content is detected.
        let source: any ContentFetcher =
            role == .source ? context.cache.caching(store) : store
        return try await attributingErrors(to: role, at: store.location) {
            let root = try await source.fetch(manifest: descriptor)
            let wanted = try image.entry.wantedChildren(of: root, required: required)
            let graph = try await ManifestGraph.read(from: root, in: source, only: wanted)
            return try await LoadedImage(graph, in: source, required: required)
        }
    }

    // MARK: Validate

    /// Validates the metadata; the contents are validated during the copy.
    private func validate(_ loaded: LoadedImage) -> ImageValidation {
        context.transfers.progress.recordPlatforms(of: loaded)
        return ImageValidation(
            of: image.id, loaded, required, scanningWith: context.scanCache,
            transfers: context.transfers,
            validatedBy: latest.targets.first(where: \.isValidated)?.lockedBefore)
    }

    // MARK: Copy

    /// Copies the blobs to each target that lacks the image, waits until the contents are known to
    /// be valid, and then pushes the manifests.
    ///
    /// - Returns: The complete report; if it has an error, no manifest is pushed.
    private mutating func copy(
        _ loaded: LoadedImage, from sources: [any ContentSource], _ validation: ImageValidation
    ) async throws -> ValidationReport {
        let copy = ImageCopy(
            of: loaded.graph, for: image.id, from: sources,
            to: try targetCopies(of: loaded.graph), transfers: context.transfers,
            configBlobs: loaded.configBytes, scanning: validation.layers, with: context.scanCache)
        try await copy.copyBlobs()
        advanceTargets(of: copy) { .blobsCopied($0) }
        var report = validation.report
        if isPending {
            report = try await validation.validateContents(
                readingFrom: copy.remainingStores + sources
            ).report
        }
        guard report.isAccepted else { return report }
        try await copy.pushManifests()
        advanceTargets(of: copy) { .copied($0) }
        for target in copy.targets { await finishCopy(to: target.store) }
        return report
    }

    /// Returns the copies to the targets that lack the image.
    private func targetCopies(of graph: ManifestGraph) throws(CopyError) -> [TargetCopy] {
        let bytes = graph.blobs.reduce(0) { $0.plus($1.size) }
        // An OCI layout has no retention policy.
        let keepsReplaced = context.resolver.configuration.keepReplaced && image.tag != nil
        var copies: [TargetCopy] = []
        for target in latest.targets {
            guard case .needsCopy(let replaced) = target.state else { continue }
            context.observe(.copying(image, to: target.location, bytes: bytes))
            copies.append(
                TargetCopy(
                    to: try stores.store(at: target.location, as: .target), as: image.targetName,
                    replacing: target.current, predecessor: target.lockedInRepository?.descriptor,
                    addsRetentionTag: keepsReplaced && replaced != nil
                        && !target.location.isLayout))
        }
        return copies
    }

    /// Advances the targets of a copy to their next state.
    private mutating func advanceTargets(
        of copy: ImageCopy, _ success: (CopyReceipt) -> TargetState
    ) {
        for target in copy.targets {
            let failed = target.failure.map {
                TargetState.failed(ImageFailure($0), target.receipt)
            }
            latest.targets.update(target.location) {
                $0.state = failed ?? success(target.receipt)
            }
        }
    }

    /// Reports the retention tag of a finished copy, and checks whether a new image is public.
    private mutating func finishCopy(to store: any ContentStore) async {
        guard let target = latest.targets.first(where: { $0.location == store.location }),
            case .copied(let receipt) = target.state, let root = latest.descriptor
        else { return }
        if let tag = receipt.retentionTag { context.observe(.kept(tag, at: store.location)) }
        guard target.isNew else { return }
        let isPublic = await store.isPublic(root.digest)
        latest.targets.update(store.location) { $0.isPublic = isPublic }
    }

    // MARK: Source

    var source: any ContentSource {
        get throws(CopyError) { try stores.store(at: image.source, as: .source) }
    }
}

extension ImageTarget {
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
