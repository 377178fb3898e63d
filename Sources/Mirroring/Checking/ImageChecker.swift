// SPDX-License-Identifier: Apache-2.0

public import Content
public import LayerScanning
public import Lockfiles
public import OCI
public import Validation

/// Looks at images where they are, without copying anything.
public struct ImageChecker: Sendable {
    private let stores: StoreProvider
    private let required: ImageRequirements
    private let lock: LockfileCheck?
    private let inspector: LayerScanCache
    private let lanes: TransferLimiter
    private let progress: RunProgress
    private let observe: @Sendable (CheckEvent) -> Void

    /// Makes a checker for one requirement.
    ///
    /// - Parameters:
    ///   - stores: how images are come by.
    ///   - required: what they have to be.
    ///   - lock: what has to have them as they are; nil where none is asked.
    ///   - jobs: how many layers are read at once.
    ///   - scanner: looks into layers.
    ///   - progress: counts what is done.
    ///   - observe: is told what happens, and must return at once.
    public init(
        stores: StoreProvider, required: ImageRequirements, lock: Lockfile? = nil, jobs: Int,
        scanner: LayerScanner, progress: RunProgress = RunProgress(),
        observe: @escaping @Sendable (CheckEvent) -> Void = { _ in }
    ) {
        self.stores = stores
        self.required = required
        self.lock = lock.map(LockfileCheck.init)
        self.inspector = LayerScanCache(scanner)
        self.lanes = TransferLimiter(jobs, progress)
        self.progress = progress
        self.observe = observe
    }

    /// Judges one image.
    ///
    /// - Parameters:
    ///   - location: where it is.
    ///   - tag: its tag, `latest` by no means assumed.
    ///   - digest: its digest, which decides where both are given.
    /// - Returns: the answer; whatever prevents one is part of it.
    /// - Throws: `CancellationError`.
    public func check(
        _ location: StoreLocation, tag: Tag?, digest: Digest?
    ) async throws -> CheckedImage {
        let suffix = (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
        var image = CheckedImage(name: "\(location)\(suffix)")
        progress.start(image.name)
        defer { progress.finish(image.name, isSuccess: image.isAccepted) }
        do {
            let source = try stores.store(at: location)
            guard let name = digest.map(ManifestName.digest) ?? tag.map(ManifestName.tag) else {
                throw ContentError(
                    .missing, "\(location) is named without a tag or a digest",
                    hint: "write the tag you mean; 'latest' is never assumed")
            }
            let descriptor = try await find(name, in: source, &image)
            if let lock {
                try ask(lock, about: descriptor, location, tag: tag, digest: digest, &image)
            } else {
                try await look(at: descriptor, in: source, &image)
                if !image.isAccepted, let tag { try await advise(besides: tag, in: source, &image) }
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            // A request that a cancelled task gave up on ends in an error too.
            try Task.checkCancellation()
            image.failure = ImageFailure(error)
        }
        return image
    }

    /// Asks what a name stands for, and for other names where it stands for nothing.
    private func find(
        _ name: ManifestName, in source: any ContentSource, _ image: inout CheckedImage
    ) async throws -> Descriptor {
        guard let descriptor = try await source.resolve(name) else {
            if case .tag(let tag) = name {
                image.instead = try await source.nearestTags(to: tag)
                image.complete = try await source.completeTag(image.instead, for: required)
            }
            throw ContentError(
                .missing, "\(source.location) has no \(name)",
                hint: image.instead.flatMap { $0.hint })
        }
        image.descriptor = descriptor
        return descriptor
    }

    /// Lets the lock decide: what it proves is not looked into again, and nothing is fetched.
    private func ask(
        _ lock: LockfileCheck, about descriptor: Descriptor, _ location: StoreLocation, tag: Tag?,
        digest: Digest?, _ image: inout CheckedImage
    ) throws(ContentError) {
        guard let (id, block) = lock.block(of: location, tag: tag, digest: digest) else {
            throw ContentError(
                .missing, "the lock has no block for \(image.name)",
                hint: "add it to mirror.yaml and run 'ocimirror sync'")
        }
        image.lock = CheckedImage.InLock(id: id, block: block)
        let name = digest.map(ManifestName.digest) ?? tag.map(ManifestName.tag)
        image.failure = LockfileCheck.objection(
            to: block, for: descriptor, named: name ?? .digest(descriptor.digest), required)
    }

    /// Asks the rules: of claims first, then of contents.
    private func look(
        at descriptor: Descriptor, in source: any ContentSource, _ image: inout CheckedImage
    ) async throws {
        let graph = try await ManifestGraph.read(
            from: try await source.fetch(manifest: descriptor), in: source)
        if case .index(let index) = graph.root.manifest {
            image.attestations = index.manifests.count(where: LoadedImage.isAttestation)
        }
        let examined = try await LoadedImage(graph, in: source, required: required)
        image.platforms = examined.images.compactMap(CheckedImage.PlatformImage.init)
            .sorted { $0.platform < $1.platform }
        let judgement = ImageValidation(of: image.name, examined, required, inspector, lanes)
        image.note(claims: judgement.metadataReport, required)
        // What refers to it decides nothing, so that a refusal here is no failure.
        async let attachments = try? Attachment.all(of: descriptor.digest, in: source)
        progress.expect(judgement.layers)
        observe(
            .claimed(
                image, layers: judgement.layers.count,
                bytes: judgement.layers.reduce(0) { $0.plus($1.size) }))
        let report = try await judgement.validateContents(
            readingFrom: [source], stopsAtFirstError: true)
        image.note(
            contents: report, isRead: { $0.layers.isDisjoint(with: judgement.unscannedLayers) },
            required)
        judgement.layers.forEach(progress.complete)
        image.attachments = await attachments
    }

    /// Looks for what to use instead of an image that cannot be used.
    private func advise(
        besides tag: Tag, in source: any ContentSource, _ image: inout CheckedImage
    ) async throws {
        image.instead = try? await source.nearestTags(to: tag)
        try Task.checkCancellation()
        image.complete = try await source.completeTag(
            image.instead, besides: image.descriptor?.digest, for: required)
    }
}
