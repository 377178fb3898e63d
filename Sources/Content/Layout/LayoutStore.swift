// SPDX-License-Identifier: Apache-2.0

internal import Files
internal import Hashing
public import OCI
internal import StrictJSON
internal import AsyncPrimitives

/// A directory with an OCI image layout.
///
/// Every file is written atomically. Blobs and manifests are stored by digest. A tag is an entry of
/// `index.json`, which is replaced last, so an interrupted run leaves no tag of an incomplete
/// image.
///
/// Source: image-spec, image-layout.md.
public final class LayoutStore: ContentStore {
    /// The location of the layout.
    public let location: StoreLocation
    private let directory: String
    /// The part of a full name before the tag, such as `docker.io/library/app`.
    ///
    /// If it is set, tags are those of this name, and the store is read-only.
    private let imageName: String?
    /// Serializes changes of the index within this process.
    private let indexLock = Mutex(())

    /// Opens a layout, which the first write creates.
    ///
    /// - Parameter directory: The directory. If it is not a layout, but the part before a colon is,
    ///   the rest is the name of an image in that layout: `DIR:docker.io/library/app`.
    public init(directory: String) {
        self.location = .layout(directory: directory)
        let colon = directory.indices.first {
            directory[$0] == ":" && !Self.isLayout(directory) && Self.isLayout(directory[..<$0])
        }
        self.directory = colon.map { String(directory[..<$0]) } ?? directory
        self.imageName = colon.map { String(directory[directory.index(after: $0)...]) }
    }

    private static func isLayout(_ directory: some StringProtocol) -> Bool {
        let status = try? FileStatus.of("\(directory)/index.json")
        return status?.kind == .regular
    }

    private var indexPath: String { "\(directory)/index.json" }

    private func path(of digest: Digest) -> String {
        "\(directory)/blobs/\(digest.algorithm.rawValue)/\(digest.hex)"
    }

    // MARK: Reading

    /// Resolves a name; a digest may also be that of a manifest below a listed one.
    ///
    /// - Throws: ``ContentError`` of the class `unavailable` if there is no readable layout, so
    ///   that a mistyped directory is never taken for a missing image.
    public func resolve(_ name: ManifestName) async throws -> Descriptor? {
        guard let index = try index() else { throw noLayout() }
        return try index.find(name, of: imageName) ?? unlisted(name)
    }

    /// Resolves a name; `nil` if the layout does not exist yet.
    public func currentDescriptor(of name: ManifestName) async throws -> Descriptor? {
        try index().flatMap { try $0.resolve(name) ?? unlisted(name) }
    }

    /// The names in the layout, and the digests of untagged manifests.
    public func contentSummary() async throws -> String? {
        guard let contents = try index()?.contents, !contents.isEmpty else { return nil }
        let rest = contents.count - 5
        return "the layout contains \(contents.prefix(5).joined(separator: ", "))"
            + (rest > 0 ? " and \(rest) more" : "")
    }

    /// Returns the descriptor of a manifest below a listed one.
    private func unlisted(_ name: ManifestName) throws -> Descriptor? {
        guard case .digest(let digest) = name, try size(of: digest) != nil else { return nil }
        let bytes = try readBlob(digest, limit: RawManifest.maximumSize)
        return (MediaType(statedBy: bytes) ?? MediaType(impliedBy: bytes)).map {
            Descriptor(mediaType: $0, digest: digest, size: bytes.count)
        }
    }

    /// Reads a manifest.
    public func fetch(manifest descriptor: Descriptor) async throws -> RawManifest {
        let bytes = try readBlob(descriptor.digest, limit: RawManifest.maximumSize)
        return try RawManifest(verifyingDigestOf: bytes, hint: descriptor)
    }

    /// Opens a blob.
    public func fetch(blob descriptor: Descriptor) async throws -> ByteStream {
        try checkLayout()
        let reader = try FileReader(path(of: descriptor.digest), followsLinks: false)
        return VerifiedStream(reader.chunks(), verifying: descriptor)
    }

    /// Returns whether the blob exists with its size.
    public func exists(blob descriptor: Descriptor) async throws -> Bool {
        try size(of: descriptor.digest) == descriptor.size
    }

    /// Returns all tags, sorted.
    public func tags() async throws -> [Tag] {
        guard let index = try index() else { throw noLayout() }
        return index.tags(of: imageName).sorted()
    }

    private func size(of digest: Digest) throws -> Int? {
        try FileStatus.of(path(of: digest), followsLinks: false)
            .flatMap { $0.kind == .regular ? $0.size : nil }
    }

    private func readBlob(_ digest: Digest, limit: Int) throws -> [UInt8] {
        try checkLayout()
        return try BoundedFile.read(path(of: digest), limit: limit, followsLinks: false)
    }

    // MARK: Writing

    /// Writes a blob, unless it is present.
    public func push(
        blob descriptor: Descriptor, expecting presence: ExpectedPresence,
        mountingFrom sibling: StoreLocation?,
        open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobPushResult {
        if presence != .absent, try await exists(blob: descriptor) { return .present }
        try prepare(for: descriptor.digest)
        var writer = try FileWriter(path(of: descriptor.digest))
        for try await piece in try await open() { try writer.append(piece) }
        try writer.commit()
        return .uploaded
    }

    /// Writes a manifest and lists it, if everything that it references exists.
    ///
    /// A layout has no list of referrers; the referrers tag schema is used.
    @discardableResult
    public func push(
        manifest: RawManifest, as name: ManifestName
    ) async throws -> ManifestPushResult {
        let successors = Successors(of: try manifest.decoded())
        for needed in successors.manifests + successors.blobs
        where try size(of: needed.digest) != needed.size {
            throw ContentError(
                .incomplete,
                "\(manifest.descriptor.digest.short) needs \(needed.digest.short), "
                    + "which is not in \(location)")
        }
        let digest = manifest.descriptor.digest
        try prepare(for: digest)
        try AtomicFile.replace(path(of: digest), with: manifest.bytes, ifChanged: true)
        try indexLock.withLock { _ in
            guard let lock = try FileLock.acquire("\(directory)/.index.lock") else {
                throw ContentError(
                    .throttled, "another process is writing to \(location)",
                    hint: "retry when it has finished")
            }
            var index = try index() ?? LayoutIndex()
            index.list(manifest.descriptor, as: name, above: successors.manifests)
            try AtomicFile.replace(indexPath, with: Array(index.text.utf8), ifChanged: true)
            lock.release()
        }
        return ManifestPushResult(isListed: false)
    }

    /// Creates the directories and the marker file if they are missing.
    ///
    /// A symbolic link in place of a blob could lead out of the layout, so it is rejected.
    private func prepare(for digest: Digest) throws {
        guard imageName == nil else {
            throw ContentError(
                .invalid, "\(location) is an image in a layout, which cannot be written",
                hint: "write to 'oci:DIR'")
        }
        try Directory.create("\(directory)/blobs/\(digest.algorithm.rawValue)")
        let existing = try FileStatus.of(path(of: digest), followsLinks: false)
        guard existing == nil || existing?.kind == .regular else {
            throw ContentError(
                .unavailable, "blob \(digest.short) of \(location) is not a regular file",
                hint: "remove it, and check which program wrote the layout")
        }
        try writeMarker()
    }

    private static let version = "1.0.0"

    private func writeMarker() throws {
        let marker = "\(directory)/oci-layout"
        let version = JSONValue.Member("imageLayoutVersion", .string(Self.version))
        guard try FileStatus.of(marker, followsLinks: false) != nil else {
            try AtomicFile.replace(marker, with: Array(JSONValue.object([version]).text.utf8))
            return
        }
        let bytes = try BoundedFile.read(marker, limit: 64 << 10, followsLinks: false)
        guard case .object(let members)? = try? JSONValue(parsing: bytes),
            members.contains(version)
        else {
            throw ContentError(
                .unavailable, "\(location) is not an OCI image layout of version \(Self.version)",
                hint: "choose another directory, or remove this one")
        }
    }

    // MARK: The layout itself

    private func index() throws -> LayoutIndex? {
        do {
            guard try FileStatus.of(directory)?.kind != .regular else { throw noLayout() }
            let bytes = try BoundedFile.read(
                indexPath, limit: RawManifest.maximumSize, followsLinks: false)
            return try LayoutIndex(parsing: bytes)
        } catch let error as FileError where error.isMissing {
            return nil
        } catch let error as JSONError {
            throw ContentError(
                .unavailable, "index.json of \(location) is not an image index: \(error)",
                hint:
                    "correct the path, or copy "
                    + "the layout again")
        }
    }

    private func checkLayout() throws {
        guard try FileStatus.of(indexPath)?.kind == .regular else { throw noLayout() }
    }

    private func noLayout() -> ContentError {
        let kind = (try? FileStatus.of(directory))?.kind
        let reason =
            switch kind {
            case nil: "no such directory"
            case .directory: "not an OCI image layout (no index.json)"
            default: "not a directory"
            }
        return ContentError(
            .unavailable, "cannot read \(location): \(reason)",
            hint: kind == .regular
                ? "copy an archive to a layout first: skopeo copy docker-archive:FILE oci:DIR:TAG"
                : "correct the path; 'ocimirror sync' and 'skopeo copy' create layouts")
    }
}
