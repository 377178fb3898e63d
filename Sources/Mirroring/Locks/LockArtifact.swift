// SPDX-License-Identifier: Apache-2.0

public import Content
internal import Hashing
internal import Lockfiles
public import OCI
internal import StrictJSON

/// A lock file as an OCI artifact at a target, for readers outside of the run: a bot, Flux, the next
/// run without a volume.
///
/// The first layer is the archive that Flux's `OCIRepository` unpacks, the second one the file
/// itself. The same lock file has the same digest, so a run without changes pushes nothing.
public struct LockArtifact: Sendable {
    /// The manifest.
    public let manifest: RawManifest
    private let blobs: [(descriptor: Descriptor, bytes: [UInt8])]
    /// The size of the lock file in bytes.
    private let lockByteCount: Int

    /// The artifact type, which marks the manifest as a lock file.
    public static let artifactType = type("application/vnd.ocimirror.lock.v1")
    /// The media type of the layer that is the file itself.
    static let lockType = type("application/vnd.ocimirror.lock.v1+yaml")

    /// The name of the file in both layers.
    private static let fileName = "images.lock.yaml"
    // Source: Flux, "OCI cheatsheet", media types.
    private static let configType = type("application/vnd.cncf.flux.config.v1+json")
    private static let archiveType = type("application/vnd.cncf.flux.content.v1.tar+gzip")

    /// Creates an artifact from the bytes of a lock file.
    public init(_ lock: [UInt8]) {
        func blob(
            _ type: MediaType, _ bytes: [UInt8], title: String? = nil
        ) -> (descriptor: Descriptor, bytes: [UInt8]) {
            let annotations = title.map { ["org.opencontainers.image.title": $0] } ?? [:]
            return (
                Descriptor(
                    mediaType: type, digest: .of(bytes), size: bytes.count, annotations: annotations
                ), bytes
            )
        }
        let config = blob(Self.configType, Array("{}".utf8))
        let archive = blob(
            Self.archiveType, LockArchive.bytes(of: lock, named: Self.fileName))
        let file = blob(Self.lockType, lock, title: Self.fileName)
        let document: JSONValue = [
            "schemaVersion": 2,
            "mediaType": .string(MediaType.ociManifest.name),
            "artifactType": .string(Self.artifactType.name),
            "config": Self.json(config.descriptor),
            "layers": .array([Self.json(archive.descriptor), Self.json(file.descriptor)]),
        ]
        blobs = [config, archive, file]
        lockByteCount = lock.count
        manifest = RawManifest(
            describing: Array(document.compactText.utf8), as: .ociManifest)
    }

    /// Writes the artifact, unless the tag already has its digest.
    ///
    /// - Returns: Whether it was written.
    /// - Throws: A ``ContentFailure``, of the class `invalid` for a lock file that is too large to be
    ///   read again.
    public func push(to store: any ContentStore, as tag: Tag) async throws -> Bool {
        guard lockByteCount <= Lockfile.maximumByteCount else {
            throw ContentError(
                .invalid,
                "the lock file has \(lockByteCount) bytes; the limit is \(Lockfile.maximumByteCount)",
                hint: "distribute the images over several targets with their own lock files")
        }
        let current = try await store.currentDescriptor(of: .tag(tag))
        guard current?.digest != manifest.descriptor.digest else { return false }
        for blob in blobs {
            _ = try await store.push(blob: blob.descriptor, expecting: .likely, mountingFrom: nil) {
                BytesInMemory(blob.bytes)
            }
        }
        try await store.push(manifest: manifest, as: .tag(tag))
        return true
    }

    /// Reads the lock file of an artifact.
    ///
    /// - Returns: The digest of the manifest and the bytes of the lock file, which are not parsed;
    ///   `nil` if the artifact does not exist.
    /// - Throws: A ``ContentFailure``, of the class `invalid` for another kind of content.
    public static func read(
        _ name: ManifestName, from store: any ContentSource
    ) async throws -> (digest: Digest, lock: [UInt8])? {
        guard let descriptor = try await store.resolve(name) else { return nil }
        let manifest = try await store.fetch(manifest: descriptor)
        guard case .image(let image) = try? manifest.decoded(), image.artifactType == artifactType,
            let file = image.layers.first(where: { $0.mediaType == lockType })
        else {
            throw ContentError(
                .invalid, "\(store.location) \(name) is not a published lock file",
                hint: "pass the reference that 'sync' reports for a target with publishLock")
        }
        return (
            manifest.descriptor.digest,
            try await store.read(blob: file, limit: Lockfile.maximumByteCount)
        )
    }

    private static func json(_ descriptor: Descriptor) -> JSONValue {
        var members = [
            JSONValue.Member("mediaType", .string(descriptor.mediaType.name)),
            JSONValue.Member("digest", .string(descriptor.digest.description)),
            JSONValue.Member("size", .integer(descriptor.size)),
        ]
        if !descriptor.annotations.isEmpty {
            let annotations = descriptor.annotations.map { JSONValue.Member($0, .string($1)) }
            members.append(JSONValue.Member("annotations", .object(annotations)))
        }
        return .object(members)
    }

    private static func type(_ name: String) -> MediaType {
        guard let type = try? MediaType(parsing: name) else {
            preconditionFailure("\(name) is a media type")
        }
        return type
    }
}
