// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import StrictJSON

extension RegistryModel {
    /// Lists the tags in lexical order, in pages.
    ///
    /// Source: distribution-spec § Listing Tags.
    func tags(_ name: String, _ request: RecordedRequest) -> ScriptedResponse {
        guard let content = repositories[name] else { return ScriptedResponse(.nameUnknown) }
        var limit = traits.tagsPerPage
        if let text = request.parameter("n") {
            guard let asked = Int(text), asked >= 0 else {
                return ScriptedResponse(.paginationInvalid)
            }
            limit = min(limit, asked)
        }
        let rest = content.tags(
            oldestFirst: traits.listsOldestFirst, after: request.parameter("last"))
        let page = rest.prefix(limit)
        let body: JSONValue = .object([
            .init("name", .string(name)),
            .init("tags", .array(page.map { .string($0) })),
        ])
        var response = ScriptedResponse(200, json: body)
        if page.count < rest.count, let last = page.last {
            response.headers["Link"] =
                "</v2/\(name)/tags/list?n=\(limit)&last=\(last)>; rel=\"next\""
        }
        return response
    }

    /// Lists the manifests with a subject.
    ///
    /// Source: distribution-spec § Listing Referrers.
    func referrers(_ name: String, _ text: String, _ request: RecordedRequest) -> ScriptedResponse {
        guard let digest = try? Digest(parsing: text) else {
            return ScriptedResponse(.digestInvalid)
        }
        let wanted = request.parameter("artifactType")
        let found = (repositories[name]?.manifests ?? [:]).values
            .compactMap { Referrer($0, to: digest) }
            .filter { wanted == nil || $0.artifactType == wanted }
            .sorted { $0.digest < $1.digest }
        let body: JSONValue = .object([
            .init("schemaVersion", .integer(2)),
            .init("mediaType", .string(MediaType.ociIndex.name)),
            .init("manifests", .array(found.map(\.json))),
        ])
        var response = ScriptedResponse(200, json: body)
        response.headers["Content-Type"] = MediaType.ociIndex.name
        if wanted != nil { response.headers["OCI-Filters-Applied"] = "artifactType" }
        return response
    }
}

extension RegistryModel.RepositoryContent {
    /// Returns the tags after one in the order of the listing.
    fileprivate func tags(oldestFirst: Bool, after last: String?) -> [String] {
        guard oldestFirst else {
            return tags.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                .filter { last.map($0.isBehind) ?? true }
        }
        let start = last.flatMap { age.firstIndex(of: $0) }.map { $0 + 1 }
        return Array(age[(start ?? 0)...])
    }
}

extension String {
    fileprivate func isBehind(_ other: String) -> Bool {
        other.utf8.lexicographicallyPrecedes(utf8)
    }
}

/// Returns a descriptor in the list of referrers.
private struct Referrer {
    let digest: Digest
    let artifactType: String?
    let json: JSONValue

    init?(_ manifest: RawManifest, to subject: Digest) {
        guard let decoded = try? manifest.decoded(), decoded.subject?.digest == subject else {
            return nil
        }
        let descriptor = manifest.descriptor
        let annotations: [String: String]
        switch decoded {
        case .index(let index):
            (artifactType, annotations) = (index.artifactType?.name, index.annotations)
        case .image(let image):
            artifactType = (image.artifactType ?? image.config.mediaType).name
            annotations = image.annotations
        }
        digest = descriptor.digest
        var members: [JSONValue.Member] = [
            .init("mediaType", .string(descriptor.mediaType.name)),
            .init("digest", .string(digest.description)),
            .init("size", .integer(descriptor.size)),
        ]
        if let artifactType { members.append(.init("artifactType", .string(artifactType))) }
        if !annotations.isEmpty {
            let sorted = annotations.sorted { $0.key < $1.key }
            members.append(
                .init("annotations", .object(sorted.map { .init($0.key, .string($0.value)) })))
        }
        json = .object(members)
    }
}
