// SPDX-License-Identifier: Apache-2.0

public import Content
internal import HTTP
internal import Hashing
public import OCI
internal import StrictJSON

extension RemoteRepository {
    /// Returns the descriptor that a name points to, or `nil` if the registry has no such manifest.
    ///
    /// It sends a HEAD request, which costs no pull at Docker Hub. If the response is incomplete
    /// (registry.redhat.io states no digest) or HEAD is not supported, the manifest is read
    /// instead. A rejected request is repeated with GET, because only a body has the reason: GHCR's
    /// secondary rate limit, Harbor's policy, a web page.
    ///
    /// - Throws: ``RegistryError``.
    public func resolve(_ name: ManifestName) async throws -> Descriptor? {
        try await resolve(name, explainsDenial: true)
    }

    /// Resolves a name.
    ///
    /// - Parameters:
    ///   - name: The tag or digest.
    ///   - explainsDenial: A Boolean value that indicates whether the reason matters of a response
    ///     that may also mean that nothing exists.
    /// - Returns: The descriptor.
    /// - Throws: ``RegistryError``.
    func resolve(_ name: ManifestName, explainsDenial: Bool) async throws -> Descriptor? {
        do {
            return try await resolveByHead(name)
        } catch let error as RegistryError
            where error.hasReasonInBody
            && (explainsDenial || error.isWebPage || !error.isAmbiguousWithNotFound)
        {
            return try await read(name)?.descriptor
        }
    }

    /// Reads a manifest that should exist although HEAD reports none.
    ///
    /// If it exists, the registry's 404 to HEAD is not believed again in this run.
    ///
    /// - Throws: ``RegistryError``.
    public func resolveByReading(_ name: ManifestName) async throws -> Descriptor? {
        let found = try await read(name)?.descriptor
        if found != nil { client.respondsToHead = false }
        return found
    }

    /// Returns the descriptor in the response to HEAD; the manifest is read if it is incomplete.
    private func resolveByHead(_ name: ManifestName) async throws -> Descriptor? {
        guard client.respondsToHead else { return try await read(name)?.descriptor }
        let request = try manifestRequest(
            .head, kind: .manifestHead, name: name, accepted: [200, 404, 405])
        let (status, fields) = try await client.send(request) { ($0.status, $0.fields) }
        if status == 404 { return nil }
        if status == 200, let descriptor = descriptor(fields, for: name) { return descriptor }
        return try await read(name)?.descriptor
    }

    /// Returns the descriptor that a response states; its size is a hint.
    ///
    /// Source: oras-project/oras-go#1176.
    private func descriptor(_ fields: HTTPFields, for name: ManifestName) -> Descriptor? {
        guard let type = fields.manifestType, let size = fields.contentLength,
            (1...RawManifest.maximumSize).contains(size), let digest = fields.contentDigest
        else { return nil }
        if case .digest(let asked) = name, asked != digest { return nil }
        return Descriptor(mediaType: type, digest: digest, size: size)
    }

    /// Reads a manifest by digest and verifies it.
    ///
    /// - Throws: ``RegistryError``.
    public func fetch(manifest descriptor: Descriptor) async throws -> RawManifest {
        try await retryingOnDigestMismatch { try await fetchOnce(manifest: descriptor) }
    }

    private func fetchOnce(manifest descriptor: Descriptor) async throws -> RawManifest {
        let name = ManifestName.digest(descriptor.digest)
        let request = try manifestRequest(
            .get, kind: .manifestGet, name: name, accepted: [200], further: descriptor.mediaType)
        let (bytes, fields) = try await client.send(request) { response in
            (try await response.collect(limit: RawManifest.maximumSize), response.fields)
        }
        let manifest = try verify(
            bytes, against: descriptor, fields: fields, operation: request.operation)
        // Two calls: the optimizer of Swift 6.3.1 crashes on a loop over these two optionals.
        try agree(
            fields.manifestType, with: descriptor.mediaType, failure: .invalid,
            operation: request.operation)
        try agree(
            MediaType(statedBy: bytes), with: descriptor.mediaType, failure: .invalid,
            operation: request.operation)
        return manifest
    }

    /// Reads a manifest whose descriptor is not known.
    private func read(_ name: ManifestName) async throws -> RawManifest? {
        let request = try manifestRequest(
            .get, kind: .manifestGet, name: name, accepted: [200, 404])
        let response: (bytes: [UInt8], fields: HTTPFields)? = try await client.send(request) {
            response in
            guard response.status == 200 else { return nil }
            return (try await response.collect(limit: RawManifest.maximumSize), response.fields)
        }
        guard let response else { return nil }
        let (bytes, fields) = response
        let stated = MediaType(statedBy: bytes) ?? fields.manifestType
        guard let type = stated ?? MediaType(impliedBy: bytes), type.isManifest else {
            throw RegistryError(request.operation, expected: "manifest", received: bytes, fields)
        }
        guard let digest = statedDigest(of: name, type, fields) else {
            try agree(
                fields.manifestType, with: type, failure: .unavailable, operation: request.operation
            )
            let manifest = RawManifest(describing: bytes, as: type)
            guard manifest.isPlausible else {
                throw RegistryError(
                    request.operation, expected: "manifest", received: bytes, fields)
            }
            return manifest
        }
        let manifest = try verify(
            bytes, against: Descriptor(mediaType: type, digest: digest, size: bytes.count),
            fields: fields,
            operation: request.operation)
        try agree(fields.manifestType, with: type, failure: .invalid, operation: request.operation)
        return manifest
    }

    /// Returns the digest that a manifest must have, or `nil` if neither its name nor its response
    /// states one.
    ///
    /// Source: docker-registry states the digest of the payload, without signatures, for schema 1.
    private func statedDigest(
        of name: ManifestName, _ type: MediaType, _ fields: HTTPFields
    ) -> Digest? {
        if case .digest(let digest) = name { return digest }
        return type.isSchema1 ? nil : fields.contentDigest
    }

    /// Verifies the bytes of a response.
    ///
    /// - Throws: ``RegistryError`` of the class `integrity` for corrupt bytes of a manifest, and
    ///   `unavailable` for a response that does not claim to be a manifest.
    private func verify(
        _ bytes: [UInt8], against descriptor: Descriptor, fields: HTTPFields,
        operation: Operation
    ) throws -> RawManifest {
        do {
            return try RawManifest(verifyingDigestOf: bytes, hint: descriptor)
        } catch {
            guard fields.manifestType != nil || fields.contentDigest != nil else {
                throw RegistryError(operation, expected: "manifest", received: bytes, fields)
            }
            throw RegistryError(.integrity, operation, error.description)
        }
    }

    // MARK: Parts

    private func manifestRequest(
        _ method: HTTPMethod, kind: RequestKind, name: ManifestName, accepted: Set<Int>,
        further: MediaType? = nil
    ) throws -> RegistryRequest {
        var types = MediaType.manifests
        if let further, !types.contains(further) { types.append(further) }
        let noun = if case .tag = name { "tag" } else { "manifest" }
        return RegistryRequest(
            operation: operation(kind, "reading the \(noun) \(name)"), method: method,
            url: try url("manifests/\(name)"),
            fields: ["Accept": types.map(\.name).joined(separator: ", ")], accepted: accepted)
    }

    private func agree(
        _ stated: MediaType?, with type: MediaType, failure failureClass: FailureClass,
        operation: Operation
    ) throws {
        guard let stated, stated != type else { return }
        // The same bytes under two types are two different images to two readers
        // (GHSA-mc8v-mgrf-8f4m).
        throw RegistryError(
            failureClass, operation, "conflicting media types: \(type) and \(stated)")
    }

    func tooLarge(_ operation: Operation) -> RegistryError {
        RegistryError(
            .invalid, operation, "larger than \(RawManifest.maximumSize) bytes")
    }
}

extension RawManifest {
    /// A Boolean value that indicates whether the bytes are a valid manifest of their type.
    ///
    /// Bytes without a digest are not trusted otherwise: they may be an error response in JSON.
    fileprivate var isPlausible: Bool {
        guard descriptor.mediaType.isIndex || descriptor.mediaType.isImageManifest else {
            guard case .object? = try? JSONValue(parsing: bytes) else { return false }
            return true
        }
        return (try? decoded()) != nil
    }
}

extension RemoteRepository {
    /// Deletes a tag, or a manifest with all its tags.
    ///
    /// A missing tag or manifest counts as deleted. Many registries delete no tags, including
    /// docker-registry, and GHCR deletes nothing.
    ///
    /// Source: distribution-spec § Deleting Tags, § Deleting Manifests.
    ///
    /// - Throws: ``RegistryError``, with class `invalid` if the registry does not support deletion.
    public func delete(_ name: ManifestName) async throws {
        var operation = operation(.manifestDelete, "deleting \(name)", writes: true)
        operation.access.deletes = client.profile.namesDeleteAction
        let request = RegistryRequest(
            operation: operation, method: .delete, url: try url("manifests/\(name)"),
            accepted: [200, 202, 204, 404])
        do {
            _ = try await client.send(request) { _ in }
        } catch let error as RegistryError {
            guard let status = error.registryStatus, [400, 405, 501].contains(status) else {
                throw error
            }
            throw RegistryError(
                .invalid, operation, "the registry does not support deletion",
                hint:
                    "delete it in the registry's administration, or use its retention policy")
        }
    }
}
