// SPDX-License-Identifier: Apache-2.0

public import Content
internal import HTTP
internal import Hashing
public import OCI
internal import StrictJSON

extension RemoteRepository {
    /// Pushes a manifest byte for byte; pushing by a tag moves the tag.
    ///
    /// - Throws: ``RegistryError``; its class is `integrity` if the registry stores another digest,
    ///   and `incomplete` if it lacks content that the manifest refers to.
    @discardableResult
    public func push(
        manifest: RawManifest, as name: ManifestName
    ) async throws -> ManifestPushResult {
        var waits: ArraySlice<Duration> = [.seconds(1), .seconds(2), .seconds(4)]
        while true {
            do {
                return try await put(manifest, as: name)
            } catch let error as RegistryError where error.failureClass == .incomplete {
                if let missing = try await missingContent(of: manifest) {
                    throw error.naming(missing, urls: manifest.urls(of: missing.digest))
                }
                // GHCR and ECR report a blob only some time after it was pushed.
                guard let wait = waits.popFirst() else { throw error }
                try await client.time.sleep(wait)
            } catch let error as RegistryError where error.isAboutImmutableTag {
                try await acceptImmutableTag(manifest, as: name, after: error)
                return ManifestPushResult(isListed: false)
            }
        }
    }

    private func put(
        _ manifest: RawManifest, as name: ManifestName
    ) async throws -> ManifestPushResult {
        let operation = operation(.manifestPut, "writing the manifest \(name)", writes: true)
        guard manifest.bytes.count <= RawManifest.maximumSize else { throw tooLarge(operation) }
        let request = RegistryRequest(
            operation: operation, method: .put, url: try url("manifests/\(name)"),
            fields: ["Content-Type": manifest.descriptor.mediaType.name],
            body: .bytes(manifest.bytes), accepted: [200, 201, 202, 204], firstByte: .commit)
        let fields = try await client.send(request) { $0.fields }
        try await confirm(manifest, as: name, stated: fields.contentDigest, operation)
        return ManifestPushResult(isListed: fields["oci-subject"] != nil)
    }

    // MARK: After the response

    /// Verifies that the registry stored exactly these bytes.
    ///
    /// The digest in the response is sufficient, unless it is missing or the registry is eventually
    /// consistent.
    private func confirm(
        _ manifest: RawManifest, as name: ManifestName, stated: Digest?, _ operation: Operation
    ) async throws {
        let expected = manifest.descriptor.digest
        if let stated, stated.algorithm != expected.algorithm,
            stated == .of(manifest.bytes, stated.algorithm)
        {
            return try await requireAddress(expected, besides: stated, operation)
        }
        var stored = stated
        var isSettled = stated == expected && !(name.isTag && client.profile.isEventuallyConsistent)
        var waits: ArraySlice<Duration> = [1, 2, 4, 8, 16, 29].map { .seconds($0) }[...]
        while !isSettled, stated == nil || stated == expected {
            stored = try await resolve(name)?.digest
            isSettled =
                stored == expected || (stored != nil && !client.profile.isEventuallyConsistent)
            guard !isSettled else { break }
            guard let wait = waits.popFirst() else {
                // A push that succeeded is believed rather than a 404 to HEAD.
                if try await resolveByReading(name)?.digest == expected { return }
                throw RegistryError(
                    .unavailable, operation, "accepted, but not visible after a minute",
                    hint: "run again later")
            }
            try await client.time.sleep(wait)
        }
        guard stored == expected else {
            throw RegistryError(
                .integrity, operation,
                "the registry stored \(stored.map(\.description) ?? "nothing") instead of \(expected)"
            )
        }
    }

    /// Throws an error if the registry stored the bytes, but does not know them by their digest.
    ///
    /// Source: distribution/distribution#4420.
    private func requireAddress(
        _ digest: Digest, besides stated: Digest, _ operation: Operation
    ) async throws {
        guard try await resolve(.digest(digest)) == nil else { return }
        throw RegistryError(
            .unavailable, operation,
            "the registry knows the manifest only as \(stated), not as \(digest)",
            hint: "mirror to a registry that supports \(digest.algorithm.rawValue), or ask the "
                + "publisher for an image with \(stated.algorithm.rawValue) digests")
    }

    // MARK: After an error response

    /// Returns the first content that a manifest refers to and the registry lacks.
    private func missingContent(of manifest: RawManifest) async throws -> Descriptor? {
        let below = Successors(of: try manifest.decoded())
        for blob in below.blobs.distinct {
            guard try await exists(blob: blob) else { return blob }
        }
        for child in below.manifests.distinct {
            guard try await resolve(.digest(child.digest)) != nil else { return child }
        }
        return nil
    }

    /// Accepts an immutable tag that already points to this manifest.
    private func acceptImmutableTag(
        _ manifest: RawManifest, as name: ManifestName, after error: RegistryError
    ) async throws {
        guard case .tag(let tag) = name, let current = try await resolve(name)?.digest else {
            throw error
        }
        guard current != manifest.descriptor.digest else { return }
        throw RegistryError(
            .unavailable,
            operation(.manifestPut, "writing the manifest \(name)", writes: true),
            "the tag \(tag) is immutable and points to \(current)",
            hint: "allow tag changes in the registry, or mirror to another name")
    }
}

extension RawManifest {
    /// Returns the addresses that the manifest states for a layer; untrusted text.
    fileprivate func urls(of digest: Digest) -> [String] {
        guard let json = try? JSONValue(parsing: bytes), case .array(let layers)? = json["layers"],
            let layer = layers.first(where: { $0["digest"]?.text == digest.description }),
            case .array(let urls)? = layer["urls"]
        else { return [] }
        return urls.compactMap(\.text)
    }
}

extension ManifestName {
    fileprivate var isTag: Bool {
        if case .tag = self { true } else { false }
    }
}

extension Duration {
    /// The time limit for the response to a request that stores content.
    static let commit = Duration.seconds(300)
}
