// SPDX-License-Identifier: Apache-2.0

public import Content
public import LayerScanning
public import Lockfiles
public import OCI
public import Validation

/// Validates images at their source without copying them.
public struct ImageChecker: Sendable {
    private let stores: StoreProvider
    private let required: ImageRequirements
    private let lock: LockfileCheck?
    private let scanCache: LayerScanCache
    private let transfers: BlobTransfers
    private let progress: RunProgress
    private let observe: @Sendable (CheckEvent) -> Void

    /// Creates a checker.
    ///
    /// - Parameters:
    ///   - stores: The provider of the stores.
    ///   - required: The requirements of the images.
    ///   - lock: The lock file that must cover the images; `nil` to validate them instead.
    ///   - jobs: The maximum number of layers read concurrently; `nil` for the usual one.
    ///   - scanner: The scanner for layers.
    ///   - progress: The progress of the run.
    ///   - observe: A function that receives events and must return immediately.
    public init(
        stores: StoreProvider, required: ImageRequirements, lock: Lockfile? = nil, jobs: Int? = nil,
        scanner: LayerScanner, progress: RunProgress = RunProgress(),
        observe: @escaping @Sendable (CheckEvent) -> Void = { _ in }
    ) {
        self.stores = stores
        self.required = required
        self.lock = lock.map(LockfileCheck.init)
        self.scanCache = LayerScanCache(scanner)
        self.transfers = BlobTransfers(jobs, progress, scanCount: scanner.concurrency)
        self.progress = progress
        self.observe = observe
    }

    /// Checks one image.
    ///
    /// - Parameters:
    ///   - location: The repository or layout of the image.
    ///   - tag: The tag of the image; `latest` is never assumed.
    ///   - digest: The digest of the image, which takes precedence over the tag.
    /// - Returns: The result, which includes any failure.
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
                    .missing, "\(location): tag or digest required",
                    hint: "specify a tag; 'latest' is never assumed")
            }
            let descriptor = try await find(name, in: source, &image)
            if let lock {
                let lockEntry = lock.entry(of: location, tag: tag, digest: digest)
                try checkLockEntry(lockEntry, for: descriptor, named: name, &image)
            } else {
                try await validate(descriptor, in: source, &image)
                if image.lacksPlatforms, let tag {
                    try await suggestTags(excluding: tag, in: source, &image)
                }
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            // A request that ends because of a canceled task can throw any error.
            try Task.checkCancellation()
            image.failure = ImageFailure(error)
        }
        return image
    }

    /// Resolves a name, and suggests other tags if it does not exist.
    private func find(
        _ name: ManifestName, in source: any ContentSource, _ image: inout CheckedImage
    ) async throws -> Descriptor {
        var found = try await source.resolve(name)
        if found == nil, case .tag(let tag) = name {
            image.suggestedTags = try await source.nearestTags(to: tag)
            if image.suggestedTags?.isListed == true {
                found = try await source.resolveByReading(name)
            }
        }
        guard let descriptor = found else {
            if case .tag = name {
                image.completeTag = try await source.completeTag(image.suggestedTags, for: required)
            }
            let kind = if case .tag = name { "tag" } else { "manifest" }
            throw ContentError(
                .missing, "\(kind) \(name) not found in \(source.location)",
                hint: try await source.hint(image.suggestedTags))
        }
        image.suggestedTags = nil
        image.descriptor = descriptor
        return descriptor
    }

    /// Checks the lock entry, which replaces validation: no manifest is fetched.
    private func checkLockEntry(
        _ found: (id: String, lockEntry: LockedImage)?, for descriptor: Descriptor,
        named name: ManifestName, _ image: inout CheckedImage
    ) throws(ContentError) {
        guard let (id, lockEntry) = found else {
            throw ContentError(
                .missing, "no lock entry for \(image.name)",
                hint: "add it to mirror.yaml and run 'ocimirror sync'")
        }
        image.lock = CheckedImage.InLock(id: id, entry: lockEntry)
        image.failure = LockfileCheck.failure(
            of: lockEntry, for: descriptor, named: name, required)
    }

    /// Validates the image: metadata first, then content.
    private func validate(
        _ descriptor: Descriptor, in source: any ContentSource, _ image: inout CheckedImage
    ) async throws {
        let graph = try await ManifestGraph.read(
            from: try await source.fetch(manifest: descriptor), in: source)
        if case .index(let index) = graph.root.manifest {
            image.attestations = index.manifests.count(where: LoadedImage.isAttestation)
        }
        let examined = try await LoadedImage(graph, in: source, required: required)
        image.platforms = examined.images.compactMap(CheckedImage.PlatformImage.init)
            .sorted { $0.platform < $1.platform }
        progress.recordPlatforms(of: examined)
        let validation = ImageValidation(
            of: image.name, examined, required, scanningWith: scanCache, transfers: transfers)
        image.recordMetadata(validation.report, required)
        // Attachments do not affect the verdict, so a failure to list them is ignored.
        async let attachments = try? Attachment.all(of: descriptor.digest, in: source)
        let layers = validation.layers.map(\.descriptor)
        progress.expect(layers)
        observe(
            .metadataValidated(
                image, layers: layers.count, bytes: layers.reduce(0) { $0.plus($1.size) }))
        let (report, unscanned) = try await validation.validateContents(
            readingFrom: [source], stopsAtFirstError: true)
        image.recordContent(
            report, isRead: { $0.layers.isDisjoint(with: unscanned) }, required)
        layers.forEach(progress.complete)
        image.attachments = await attachments
    }

    /// Finds tags to suggest in place of an image without all required platforms.
    private func suggestTags(
        excluding tag: Tag, in source: any ContentSource, _ image: inout CheckedImage
    ) async throws {
        image.suggestedTags = try? await source.nearestTags(to: tag)
        try Task.checkCancellation()
        image.completeTag = try await source.completeTag(
            image.suggestedTags, excluding: image.descriptor?.digest, for: required)
    }
}

/// Checks images against a lock file.
struct LockfileCheck {
    let lock: Lockfile

    /// Returns the lock entry of an image that is named at its source or at a target.
    ///
    /// A given tag must match; a digest without a tag matches any entry that pins it.
    func entry(
        of location: StoreLocation, tag: Tag?, digest: Digest?
    ) -> (id: String, lockEntry: LockedImage)? {
        lock.images.sorted { $0.key < $1.key }.first { _, lockEntry in
            let tags: [Tag?] = [
                lockEntry.isAt(location) ? lockEntry.targetTag : nil,
                lockEntry.sourceReference.flatMap {
                    .repository($0.repository) == location ? $0.tag : nil
                },
            ]
            if let tag { return tags.contains(tag) }
            return digest == lockEntry.digest
                && (lockEntry.isAt(location)
                    || lockEntry.sourceReference.map { .repository($0.repository) } == location)
        }.map { (id: $0.key, lockEntry: $0.value) }
    }

    /// Returns the reason why a lock entry does not cover the requirements; `nil` if it does.
    static func failure(
        of lockEntry: LockedImage, for descriptor: Descriptor, named name: ManifestName,
        _ required: ImageRequirements
    ) -> ImageFailure? {
        guard lockEntry.digest == descriptor.digest else {
            return ImageFailure(
                .invalid,
                "\(name) now points to \(descriptor.digest.short), "
                    + "but the lock file lists \(lockEntry.digest.short)",
                hint: "use \(lockEntry.pinned), or run 'ocimirror sync' and review the changes")
        }
        return lockEntry.gaps(for: required).first.map {
            ImageFailure(
                .invalid, $0.description,
                hint: "require it in mirror.yaml and run 'ocimirror sync'")
        }
    }
}

extension LockedImage {
    /// The reference of the source; `nil` for a layout.
    fileprivate var sourceReference: Reference? { try? Reference(parsing: source) }
}
