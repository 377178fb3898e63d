// SPDX-License-Identifier: Apache-2.0

internal import Hashing
internal import OCI

extension RegistryModel {
    mutating func answerManifest(
        _ request: RecordedRequest, _ method: RequestMethod, _ name: String, _ reference: String,
        _ body: [UInt8]
    ) -> Reply {
        switch method {
        case .get, .head: manifest(name, reference, accepting: request.headers.values("Accept"))
        case .put: putManifest(name, reference, body, type: request.headers["Content-Type"])
        case .delete: deleteManifest(name, reference)
        default: Reply(.unsupported)
        }
    }

    /// The digest that a tag or a digest stands for; nil for a tag that is not there.
    private func resolve(_ name: String, _ reference: String) -> Digest? {
        (try? Digest(parsing: reference)) ?? shelves[name]?.tags[reference]
    }

    /// A manifest is not served as a type that `Accept` leaves out; without the field all are accepted.
    private func manifest(_ name: String, _ reference: String, accepting: [String]) -> Reply {
        guard let digest = resolve(name, reference),
            let manifest = shelves[name]?.manifests[digest]
        else { return Reply(.manifestUnknown, "unknown manifest \(reference) in \(name)") }
        let type = manifest.descriptor.mediaType
        let accepted = accepting.joined(separator: ",").split(separator: ",")
            .map { $0.prefix { $0 != ";" }.filter { $0 != " " } }
        guard
            accepted.isEmpty || accepted.contains(type.name) || accepted.contains("*/*")
                || accepted.contains("application/*")
        else { return Reply(.manifestUnknown, "\(type) is not accepted") }
        var headers: HeaderFields = ["Content-Type": type.name]
        if traits.statesDigests { headers["Docker-Content-Digest"] = digest.description }
        headers["Etag"] = "\"\(digest)\""
        return Reply(200, headers, body: Bytes(manifest.bytes))
    }

    private mutating func putManifest(
        _ name: String, _ reference: String, _ bytes: [UInt8], type: String?
    ) -> Reply {
        guard bytes.count <= RawManifest.maximumSize else {
            return Reply(.manifestInvalid, "the manifest is greater than 4 MiB", status: 413)
        }
        guard let type = try? MediaType(parsing: type ?? ""),
            type.isIndex || type.isImageManifest
        else { return Reply(.manifestInvalid, "the Content-Type is no manifest's") }
        let described = RawManifest(describing: bytes, as: type)
        guard let decoded = try? described.decoded() else {
            return Reply(.manifestInvalid, "the body is no \(type)")
        }
        let digest: Digest
        if reference.contains(":") {
            guard let asked = try? Digest(parsing: reference),
                Digest.of(bytes, asked.algorithm) == asked
            else { return Reply(.digestInvalid, "the body has another digest") }
            digest = asked
        } else {
            guard (try? Tag(parsing: reference)) != nil else { return Reply(.tagInvalid) }
            digest = described.descriptor.digest
        }
        let missing = decoded.references.filter { !has($0, in: name, asChildOf: decoded) }
        guard missing.isEmpty || !traits.checksReferences else {
            return Reply(
                .manifestBlobUnknown, missing.map(\.digest.description).joined(separator: " "))
        }
        shelves[name, default: Shelf()].manifests[digest] = described
        if !reference.contains(":") { shelves[name, default: Shelf()].tags[reference] = digest }
        var headers: HeaderFields = ["Location": "/v2/\(name)/manifests/\(digest)"]
        if traits.statesDigests { headers["Docker-Content-Digest"] = digest.description }
        if traits.listsReferrers, let subject = decoded.subject {
            headers["OCI-Subject"] = subject.digest.description
        }
        return Reply(201, headers)
    }

    /// Whether a repository holds what a manifest names.
    ///
    /// Layers with `urls` may be elsewhere.
    func has(_ descriptor: Descriptor, in name: String, asChildOf parent: Manifest) -> Bool {
        guard let shelf = shelves[name] else { return false }
        return switch parent {
        case .index: shelf.manifests[descriptor.digest] != nil
        case .image: descriptor.hasURLs || shelf.blobs.contains(descriptor.digest)
        }
    }

    private mutating func deleteManifest(_ name: String, _ reference: String) -> Reply {
        guard traits.deletes else { return Reply(.unsupported) }
        if let digest = try? Digest(parsing: reference) {
            guard shelves[name]?.manifests.removeValue(forKey: digest) != nil else {
                return Reply(.manifestUnknown)
            }
            if let tags = shelves[name]?.tags {
                shelves[name]?.tags = tags.filter { $0.value != digest }
            }
        } else {
            guard shelves[name]?.tags.removeValue(forKey: reference) != nil else {
                return Reply(.manifestUnknown)
            }
        }
        return Reply(202)
    }
}

extension Manifest {
    /// What must be there before the manifest: the children, or the configuration and the layers.
    var references: [Descriptor] {
        switch self {
        case .index(let index): index.manifests
        case .image(let image): [image.config] + image.layers
        }
    }
}
