// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
public import OCI
internal import StrictJSON

extension RemoteRepository {
    /// The greatest listing that is read: 1,000 pages, 100,000 tags, 4 MiB a page.
    static let listingLimit = (pages: 1000, tags: 100_000, page: 4 << 20)

    /// Lists every tag in the registry's order, page after page.
    ///
    /// Names that are no tags are left out and reported: they must never become part of a path.
    ///
    /// - Throws: ``RegistryError``, also where the listing has no end.
    public func tags() async throws -> [Tag] {
        let operation = operation(.tagList, "listing the tags")
        // Without `n`, each registry sends its own page; Quay refuses any greater than 100.
        let start = try url(
            client.host.name == "quay.io" ? "tags/list?n=100" : "tags/list")
        var page: HTTPURL? = start
        var seen: Set<HTTPURL> = []
        var tags: [Tag] = []
        var known: Set<Tag> = []
        var invalid = 0
        while let url = page {
            guard seen.insert(url).inserted, seen.count <= Self.listingLimit.pages,
                tags.count <= Self.listingLimit.tags
            else { throw RegistryError(.invalid, operation, "the listing does not end") }
            let call = Call(operation: operation, method: .get, url: url, accepted: [200])
            let (bytes, fields) = try await client.send(call) { reply in
                (try await reply.collect(limit: Self.listingLimit.page), reply.fields)
            }
            for name in try names(bytes, operation) {
                guard let tag = try? Tag(parsing: name) else {
                    invalid += 1
                    continue
                }
                if known.insert(tag).inserted { tags.append(tag) }
            }
            page = try next(fields, after: start, at: url, operation)
        }
        if invalid > 0 {
            client.retrier.events(.invalidTagsSkipped(repository: repository, count: invalid))
        }
        return tags
    }

    /// Nexus writes `null` where there are none.
    private func names(_ bytes: [UInt8], _ operation: Operation) throws -> [String] {
        do {
            let page = try JSONObject(try JSONValue(parsing: bytes), known: ["name", "tags"])
            return try page.strings("tags") ?? []
        } catch {
            throw RegistryError(.invalid, operation, "the listing is malformed: \(error)")
        }
    }

    /// The next page: this very listing, with the query that the registry wrote.
    ///
    /// Only the query is taken from the link. Artifactory leaves a part of the path out, and no
    /// registry has a reason to lead from one listing to another.
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
            throw RegistryError(.unavailable, operation, "the listing leads to \(error)")
        }
    }
}
