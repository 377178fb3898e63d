// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import Hashing
public import OCI
internal import StrictJSON

extension RemoteRepository {
    /// Returns all tags in the registry's order, reading all pages.
    ///
    /// Invalid tag names are skipped and reported: they must never become part of a path.
    ///
    /// - Throws: ``RegistryError``, also if the listing does not end.
    public func tags() async throws -> [Tag] {
        let operation = operation(.tagList, "listing the tags")
        let start = try url("tags/list" + (client.profile.tagPageSize.map { "?n=\($0)" } ?? ""))
        var tags: [Tag] = []
        var known: Set<Tag> = []
        var (seen, invalid) = (0, 0)
        try await readPages(from: start, operation) { bytes throws(JSONError) in
            for name in try names(bytes) {
                seen += 1
                guard let tag = try? Tag(parsing: name) else {
                    invalid += 1
                    continue
                }
                if known.insert(tag).inserted { tags.append(tag) }
            }
            // Invalid and repeated names count toward the limit, too.
            return seen
        }
        if invalid > 0 {
            client.events(.invalidTagsSkipped(repository: repository, count: invalid))
        }
        return tags
    }

    /// Returns the names in a page; Nexus writes `null` if there are no tags.
    ///
    /// An object with neither member is another response, not a repository without tags.
    private func names(_ bytes: [UInt8]) throws(JSONError) -> [String] {
        let page = try JSONObject(try JSONValue(parsing: bytes), known: ["name", "tags"])
        guard page.contains("tags") || page.contains("name") else {
            throw page.failure("tags", "is missing")
        }
        return try page.strings("tags") ?? []
    }
}

extension RemoteRepository {
    /// Returns the manifests that have another one as their subject, or `nil` if the registry has
    /// no referrers API.
    ///
    /// A registry without the API receives one such request per run, unless it responds that the
    /// repository or the manifest is missing.
    ///
    /// Source: distribution-spec § Listing Referrers. GHCR and docker-registry 2.8 respond 404;
    /// others that do not know the path have been observed to respond 400, 405, 406 or 501.
    ///
    /// - Throws: ``RegistryError``.
    public func referrers(of subject: Digest) async throws -> [Descriptor]? {
        guard client.listsReferrers else { return nil }
        let operation = operation(.referrerList, "listing the referrers of \(subject)")
        var found: [Descriptor] = []
        do {
            try await readPages(
                from: try url("referrers/\(subject)"), operation, accept: .ociIndex
            ) { bytes throws(JSONError) in
                found += try descriptors(in: bytes)
                return found.count
            }
        } catch let error as RegistryError {
            guard let status = error.contentStatus, [400, 404, 405, 406, 501].contains(status)
            else { throw error }
            if !error.reportsMissingContent { client.listsReferrers = false }
            return nil
        }
        return found
    }

    /// Returns the entries of a page; `null` is a list without entries, as Go encodes it.
    private func descriptors(in bytes: [UInt8]) throws(JSONError) -> [Descriptor] {
        if try JSONValue(parsing: bytes)["manifests"] == .null { return [] }
        switch try RawManifest(describing: bytes, as: .ociIndex).decoded() {
        case .index(let index): return index.manifests
        case .image: throw JSONError(location: "", reason: "is not an index")
        }
    }
}

extension RemoteRepository {
    /// The limits of a listing: 10,000 pages, 1,000,000 entries, 4 MiB per page.
    static let listingLimit = (pages: 10_000, entries: 1_000_000, page: 4 << 20)

    /// Reads all pages of a listing.
    ///
    /// - Parameters:
    ///   - start: The URL of the first page.
    ///   - operation: The operation, for messages.
    ///   - accept: The media type of a page, if the list has one of its own.
    ///   - take: Reads a page, and returns the number of entries so far.
    /// - Throws: ``RegistryError``, also if the listing does not end.
    func readPages(
        from start: HTTPURL, _ operation: Operation, accept: MediaType? = nil,
        _ take: ([UInt8]) throws(JSONError) -> Int
    ) async throws {
        var page: HTTPURL? = start
        var seen: Set<HTTPURL> = []
        var count = 0
        while let url = page {
            guard seen.insert(url).inserted, seen.count <= Self.listingLimit.pages,
                count <= Self.listingLimit.entries
            else { throw RegistryError(.unavailable, operation, "the listing does not end") }
            var request = RegistryRequest(
                operation: operation, method: .get, url: url, accepted: [200])
            if let accept { request.fields.append("Accept", accept.name) }
            let (bytes, fields) =
                operation.kind == .referrerList
                ? try await client.sendOptional(request, Self.page)
                : try await client.send(request, Self.page)
            do {
                count = try take(bytes)
            } catch {
                throw RegistryError(
                    operation, expected: "listing (\(error))", received: bytes, fields)
            }
            page = try next(fields, after: start, at: url, operation)
        }
    }

    private static func page(
        of response: RegistryResponse
    ) async throws -> (bytes: [UInt8], fields: HTTPFields) {
        (try await response.collect(limit: listingLimit.page), response.fields)
    }

    /// Returns the URL of the next page: the same listing, with the query of the link.
    ///
    /// Only the query is taken from the link. Artifactory omits a part of the path, and no registry
    /// needs to refer to another listing.
    private func next(
        _ fields: HTTPFields, after start: HTTPURL, at url: HTTPURL, _ operation: Operation
    ) throws -> HTTPURL? {
        guard let link = LinkHeader.next(in: fields.values("link")) else { return nil }
        do {
            let target = try url.resolving(link)
            guard target.origin == client.origin else {
                throw URLError(link, "the next page is on another host")
            }
            let path = start.target.prefix { $0 != "?" }
            let query = target.target.drop { $0 != "?" }
            return try HTTPURL(client.origin, target: "\(path)\(query)")
        } catch {
            throw RegistryError(.unavailable, operation, "invalid next page: \(error)")
        }
    }
}
