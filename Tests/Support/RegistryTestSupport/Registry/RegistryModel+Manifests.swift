// SPDX-License-Identifier: Apache-2.0

internal import Hashing
internal import OCI

extension RegistryModel {
    mutating func answerManifest(
        _ request: RecordedRequest, _ method: RequestMethod, _ name: String, _ reference: String,
        _ body: [UInt8]
    ) -> ScriptedResponse {
        switch method {
        case .get, .head: manifest(name, reference, accepting: request.headers.values("Accept"))
        case .put: putManifest(name, reference, body, type: request.headers["Content-Type"])
        case .delete: deleteManifest(name, reference)
        default: ScriptedResponse(.unsupported)
        }
    }

    /// Returns the digest that a tag or digest points to, or `nil` for a missing tag.
    private func resolve(_ name: String, _ reference: String) -> Digest? {
        (try? Digest(parsing: reference)) ?? repositories[name]?.tags[reference]
    }

    /// A manifest whose type is not in `Accept` is not served; without the field all are accepted.
    private func manifest(_ name: String, _ reference: String, accepting: [String])
        -> ScriptedResponse
    {
        guard let digest = resolve(name, reference),
            let manifest = repositories[name]?.manifests[digest]
        else {
            return ScriptedResponse(.manifestUnknown, "unknown manifest \(reference) in \(name)")
        }
        let type = manifest.descriptor.mediaType
        let accepted = accepting.joined(separator: ",").split(separator: ",")
            .map { $0.prefix { $0 != ";" }.filter { $0 != " " } }
        guard
            accepted.isEmpty || accepted.contains(type.name) || accepted.contains("*/*")
                || accepted.contains("application/*")
        else { return ScriptedResponse(.manifestUnknown, "\(type) is not accepted") }
        var headers: HeaderFields = ["Content-Type": type.name]
        if traits.statesDigests { headers["Docker-Content-Digest"] = digest.description }
        headers["Etag"] = "\"\(digest)\""
        return ScriptedResponse(200, headers, body: Bytes(manifest.bytes))
    }

    private mutating func putManifest(
        _ name: String, _ reference: String, _ bytes: [UInt8], type: String?
    ) -> ScriptedResponse {
        guard bytes.count <= RawManifest.maximumSize else {
            return ScriptedResponse(
                .manifestInvalid, "the manifest exceeds 4 MiB", status: 413)
        }
        guard let type = try? MediaType(parsing: type ?? ""),
            type.isIndex || type.isImageManifest
        else { return ScriptedResponse(.manifestInvalid, "unsupported manifest Content-Type") }
        let described = RawManifest(describing: bytes, as: type)
        guard let decoded = try? described.decoded() else {
            return ScriptedResponse(.manifestInvalid, "the body is not a valid \(type)")
        }
        let digest: Digest
        if reference.contains(":") {
            guard let asked = try? Digest(parsing: reference),
                Digest.of(bytes, asked.algorithm) == asked
            else { return ScriptedResponse(.digestInvalid, "the body has another digest") }
            digest = asked
        } else {
            guard (try? Tag(parsing: reference)) != nil else {
                return ScriptedResponse(.tagInvalid)
            }
            digest = described.descriptor.digest
        }
        let missing = decoded.references.filter { !has($0, in: name, asChildOf: decoded) }
        guard missing.isEmpty || !traits.checksReferences else {
            return ScriptedResponse(
                .manifestBlobUnknown, missing.map(\.digest.description).joined(separator: " "))
        }
        repositories[name, default: RepositoryContent()].manifests[digest] = described
        if !reference.contains(":") {
            repositories[name, default: RepositoryContent()].tags[reference] = digest
        }
        var headers: HeaderFields = ["Location": "/v2/\(name)/manifests/\(digest)"]
        if traits.statesDigests { headers["Docker-Content-Digest"] = digest.description }
        if traits.listsReferrers, let subject = decoded.subject {
            headers["OCI-Subject"] = subject.digest.description
        }
        return ScriptedResponse(201, headers)
    }

    /// Returns a Boolean value that indicates whether a repository has everything that a manifest
    /// references.
    ///
    /// Layers with `urls` can be elsewhere.
    func has(_ descriptor: Descriptor, in name: String, asChildOf parent: Manifest) -> Bool {
        guard let content = repositories[name] else { return false }
        return switch parent {
        case .index: content.manifests[descriptor.digest] != nil
        case .image: descriptor.hasURLs || content.blobs.contains(descriptor.digest)
        }
    }

    private mutating func deleteManifest(_ name: String, _ reference: String) -> ScriptedResponse {
        guard traits.deletes else { return ScriptedResponse(.unsupported) }
        if let digest = try? Digest(parsing: reference) {
            guard repositories[name]?.manifests.removeValue(forKey: digest) != nil else {
                return ScriptedResponse(.manifestUnknown)
            }
            if let tags = repositories[name]?.tags {
                repositories[name]?.tags = tags.filter { $0.value != digest }
            }
        } else {
            guard repositories[name]?.tags.removeValue(forKey: reference) != nil else {
                return ScriptedResponse(.manifestUnknown)
            }
        }
        return ScriptedResponse(202)
    }
}

extension Manifest {
    /// Returns the digests that must exist before the manifest: the children, or the config and the
    /// layers.
    var references: [Descriptor] {
        switch self {
        case .index(let index): index.manifests
        case .image(let image): [image.config] + image.layers
        }
    }
}
