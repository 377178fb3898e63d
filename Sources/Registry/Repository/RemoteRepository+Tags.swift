// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
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
            client.retryExecutor.events(.invalidTagsSkipped(repository: repository, count: invalid))
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
