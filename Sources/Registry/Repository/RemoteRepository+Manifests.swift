// SPDX-License-Identifier: Apache-2.0

public import Content
internal import HTTP
internal import Hashing
public import OCI
internal import StrictJSON

extension RemoteRepository {
    /// Returns what a name stands for now; nil where the registry has no such manifest.
    ///
    /// It is asked by HEAD, which costs no quota at Docker Hub. Where the answer leaves something
    /// out (registry.redhat.io states no digest) or HEAD is not served, the manifest is read instead. So
    /// it is where GHCR forbids it: only the text of an answer tells its secondary limit from a refusal.
    /// A web page is requested again for its text, too.
    ///
    /// - Throws: ``RegistryError``.
    public func resolve(_ name: ManifestName) async throws -> Descriptor? {
        let call = try manifestCall(.head, .manifestHead, name, accepted: [200, 404, 405])
        let head: (Int, HTTPFields)
        do {
            head = try await client.send(call) { reply in (reply.status, reply.fields) }
        } catch let error as RegistryError
            where error.isWebPage || error.status == 403 && client.host.name == "ghcr.io"
        {
            return try await read(name)?.descriptor
        }
        if head.0 == 404 { return nil }
        if head.0 == 200, let descriptor = descriptor(head.1, for: name) { return descriptor }
        return try await read(name)?.descriptor
    }

    private func descriptor(_ fields: HTTPFields, for name: ManifestName) -> Descriptor? {
        guard let type = fields.manifestType, let size = fields.contentLength, size > 0,
            let digest = fields.contentDigest
        else { return nil }
        if case .digest(let asked) = name, asked != digest { return nil }
        return Descriptor(mediaType: type, digest: digest, size: size)
    }

    /// Reads a manifest by digest and proves it before anything looks into it.
    ///
    /// - Throws: ``RegistryError``.
    public func fetch(manifest descriptor: Descriptor) async throws -> RawManifest {
        try await retryingOnDigestMismatch { try await fetchOnce(manifest: descriptor) }
    }

    private func fetchOnce(manifest descriptor: Descriptor) async throws -> RawManifest {
        let name = ManifestName.digest(descriptor.digest)
        let call = try manifestCall(
            .get, .manifestGet, name, accepted: [200], further: descriptor.mediaType)
        guard descriptor.size <= RawManifest.maximumSize else { throw tooLarge(call.operation) }
        let (bytes, fields) = try await client.send(call) { reply in
            (try await reply.collect(limit: RawManifest.maximumSize), reply.fields)
        }
        let manifest = try verify(bytes, against: descriptor, fields, call.operation)
        // Two calls: the optimizer of Swift 6.3.1 crashes on a loop over these two optionals.
        try agree(fields.manifestType, descriptor.mediaType, .invalid, call.operation)
        try agree(mediaType(in: bytes), descriptor.mediaType, .invalid, call.operation)
        return manifest
    }

    /// Reads a manifest whose descriptor the registry does not state.
    private func read(_ name: ManifestName) async throws -> RawManifest? {
        let call = try manifestCall(.get, .manifestGet, name, accepted: [200, 404])
        let reply: (bytes: [UInt8], fields: HTTPFields)? = try await client.send(call) { reply in
            guard reply.status == 200 else { return nil }
            return (try await reply.collect(limit: RawManifest.maximumSize), reply.fields)
        }
        guard let reply else { return nil }
        let (bytes, fields) = reply
        guard let type = mediaType(in: bytes) ?? fields.manifestType, type.isManifest else {
            throw RegistryError(call.operation, isNo: "manifest", bytes, fields)
        }
        guard let digest = statedDigest(of: name, type, fields) else {
            try agree(fields.manifestType, type, .unavailable, call.operation)
            let manifest = RawManifest(describing: bytes, as: type)
            guard manifest.isPlausible else {
                throw RegistryError(call.operation, isNo: "manifest", bytes, fields)
            }
            return manifest
        }
        let manifest = try verify(
            bytes, against: Descriptor(mediaType: type, digest: digest, size: bytes.count), fields,
            call.operation)
        try agree(fields.manifestType, type, .invalid, call.operation)
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

    /// Verifies bytes that came for a manifest.
    ///
    /// - Throws: ``RegistryError`` of the class `integrity` for corrupt bytes that are said to be the
    ///   manifest, and `unavailable` for a response that does not claim to be one.
    private func verify(
        _ bytes: [UInt8], against descriptor: Descriptor, _ fields: HTTPFields,
        _ operation: Operation
    ) throws -> RawManifest {
        do {
            return try RawManifest(verifying: bytes, against: descriptor)
        } catch {
            guard fields.manifestType != nil || fields.contentDigest != nil else {
                throw RegistryError(operation, isNo: "manifest", bytes, fields)
            }
            throw RegistryError(.integrity, operation, error.description)
        }
    }

    // MARK: Parts

    private func manifestCall(
        _ method: HTTPMethod, _ kind: RequestKind, _ name: ManifestName, accepted: Set<Int>,
        further: MediaType? = nil
    ) throws -> RegistryRequest {
        var types = MediaType.manifests
        if let further, !types.contains(further) { types.append(further) }
        return RegistryRequest(
            operation: operation(kind, "reading the manifest \(name)"), method: method,
            url: try url("manifests/\(name)"),
            fields: ["Accept": types.map(\.name).joined(separator: ", ")], accepted: accepted)
    }

    /// The type that a manifest gives itself; nil where it gives none or is no JSON object.
    private func mediaType(in bytes: [UInt8]) -> MediaType? {
        guard let json = try? JSONValue(parsing: bytes) else { return nil }
        return json["mediaType"]?.text.flatMap { try? MediaType(parsing: $0) }
    }

    private func agree(
        _ stated: MediaType?, _ type: MediaType, _ failureClass: FailureClass,
        _ operation: Operation
    ) throws {
        guard let stated, stated != type else { return }
        // The same bytes under two types are two images to two readers (GHSA-mc8v-mgrf-8f4m).
        throw RegistryError(
            failureClass, operation, "it is announced as \(type) and as \(stated) at once")
    }

    func tooLarge(_ operation: Operation) -> RegistryError {
        RegistryError(
            .invalid, operation, "it is larger than \(RawManifest.maximumSize) bytes")
    }
}

extension RawManifest {
    /// A Boolean value that indicates whether the bytes can be a manifest of their type.
    ///
    /// Bytes that no digest verifies are not believed otherwise: an error response in JSON is none.
    fileprivate var isPlausible: Bool {
        guard descriptor.mediaType.isIndex || descriptor.mediaType.isImageManifest else {
            guard case .object? = try? JSONValue(parsing: bytes) else { return false }
            return true
        }
        return (try? decoded()) != nil
    }
}
