// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import StrictJSON

extension RemoteRepository {
    /// The greatest listing that is read: 1,000 pages, 100,000 entries, 4 MiB a page.
    static let listingLimit = (pages: 1000, entries: 100_000, page: 4 << 20)

    /// Reads a listing page after page.
    ///
    /// - Parameters:
    ///   - start: the first page.
    ///   - operation: what is listed.
    ///   - take: takes a page, and returns how many entries there are so far.
    /// - Throws: ``RegistryError``, also where the listing has no end.
    func readPages(
        from start: HTTPURL, _ operation: Operation,
        _ take: ([UInt8]) throws(JSONError) -> Int
    ) async throws {
        var page: HTTPURL? = start
        var seen: Set<HTTPURL> = []
        var count = 0
        while let url = page {
            guard seen.insert(url).inserted, seen.count <= Self.listingLimit.pages,
                count <= Self.listingLimit.entries
            else { throw RegistryError(.unavailable, operation, "the listing does not end") }
            let call = RegistryRequest(
                operation: operation, method: .get, url: url, accepted: [200])
            let (bytes, fields) = try await client.send(call) { reply in
                (try await reply.collect(limit: Self.listingLimit.page), reply.fields)
            }
            do {
                count = try take(bytes)
            } catch {
                throw RegistryError(operation, isNo: "listing (\(error))", bytes, fields)
            }
            page = try next(fields, after: start, at: url, operation)
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
