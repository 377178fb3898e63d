// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Files
internal import Lockfiles
internal import Mirroring
internal import OCI
internal import StrictJSON

/// The result of publishing a lock file.
struct LockPublication: Sendable {
    /// The repository and tag of the artifact, and its digest unless it could not be published.
    var reference: Reference
    /// A Boolean value that indicates whether the artifact was written.
    var hasChanged = false
    /// The reason why it could not be published.
    var failure: ImageFailure?
}

extension LockPublication {
    /// The result as the end of a line.
    var text: String {
        guard failure == nil else { return "not published" }
        let reference = Reference(reference.repository, tag: reference.tag)
        return "\(hasChanged ? "" : "already ")published as \(reference)"
    }

    /// The object `published`; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "reference": .string(reference.description),
            "changed": .bool(hasChanged),
            "failure": failure?.json ?? .null,
        ]
    }
}

/// The lock files that targets with `publishLock` have as artifacts.
struct PublishedLocks {
    private let targets: [MirrorTarget]
    private let stores: StoreProvider

    init(of targets: [MirrorTarget], stores: StoreProvider) {
        self.targets = targets
        self.stores = stores
    }

    /// Creates the lock files that do not exist from the published ones, so that a run needs no
    /// volume.
    ///
    /// - Returns: Whether a file was created.
    /// - Throws: A `ContentFailure`, ``ConfigurationFileError`` for an invalid lock file, or
    ///   `FileError`.
    func restoreMissing(in context: ProgramContext) async throws -> Bool {
        var isRestored = false
        for target in targets {
            guard let path = target.lock, let repository = target.publishedLock,
                try FileStatus.of(path) == nil
            else { continue }
            let store = try stores.store(at: .repository(repository))
            let name = ManifestName.tag(try Self.tag(ofFile: path))
            // A registry that hides whether the artifact exists has none that this run may read.
            guard try await store.currentDescriptor(of: name) != nil,
                let (digest, lock) = try await LockArtifact.read(name, from: store)
            else { continue }
            try check(lock, of: target, from: "\(repository)@\(digest.short)")
            try Directory.create(Path.directory(of: path))
            guard try AtomicFile.create(path, with: lock) else { continue }
            context.console.note("\(context.shown(path)) restored from \(repository):\(name)")
            isRestored = true
        }
        return isRestored
    }

    /// Checks that a published lock file is valid, and that its images are at its target: others
    /// could be those of an attacker, and `pin` would write their digests.
    private func check(
        _ text: [UInt8], of target: MirrorTarget, from reference: String
    ) throws(ConfigurationFileError) {
        let lock: Lockfile
        do throws(LockfileError) {
            lock = try Lockfile(parsing: text, root: target.root)
        } catch {
            throw ConfigurationFileError(message: "\(reference):\(error)", hint: error.hint)
        }
        let stray = lock.images.filter { !target.contains($0.value.repository) }
        guard let (id, image) = stray.min(by: { $0.key < $1.key }) else { return }
        throw ConfigurationFileError(
            message: "\(reference): entry '\(id)' is at \(image.repository), which is not below "
                + "\(target.prefix)",
            hint: "check who can push to that repository, and delete its tag")
    }

    /// Publishes the lock files of a run that exist, and returns them with the results.
    func publish(
        _ written: [RunReport.WrittenLock], in context: ProgramContext
    ) async -> [RunReport.WrittenLock] {
        var published = written
        for position in written.indices where written[position].isPresent {
            published[position].publication = await publish(
                Array(written[position].update.lock.text.utf8), at: written[position].path,
                in: context)
        }
        return published
    }

    /// Publishes a lock file.
    ///
    /// - Parameters:
    ///   - lock: The content of the file.
    ///   - path: The path of the target's lock file, or of a shard's.
    ///   - context: The console for failures.
    /// - Returns: The result, or `nil` if the target does not publish its lock file.
    func publish(
        _ lock: [UInt8], at path: String, in context: ProgramContext
    ) async -> LockPublication? {
        let shard = Shard(ofFile: path)
        let target = targets.first { target in
            target.lock.map { shard?.path(of: $0) ?? $0 } == path
        }
        guard let repository = target?.publishedLock else { return nil }
        let location = StoreLocation.repository(repository)
        let artifact = LockArtifact(lock)
        var publication = LockPublication(reference: Reference(repository))
        do {
            let tag = try Self.tag(ofFile: path)
            publication.reference = Reference(repository, tag: tag)
            publication.hasChanged = try await artifact.push(
                to: try stores.store(at: location), as: tag)
            publication.reference = Reference(
                repository, tag: tag, digest: artifact.manifest.descriptor.digest)
        } catch {
            let error = CopyError(error, role: .target, at: location)
            _ = ErrorReport(error).show(on: context.console)
            publication.failure = ImageFailure(error)
        }
        return publication
    }

    /// Returns the tag of a lock file: `latest`, or `2-of-3` for that of a shard.
    private static func tag(ofFile path: String) throws(ParseError) -> Tag {
        let shard = Shard(ofFile: path)
        return try Tag(parsing: shard.map { "\($0.number)-of-\($0.count)" } ?? "latest")
    }
}
