// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI
internal import StrictJSON

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
