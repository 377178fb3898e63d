// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
public import OCI
internal import StrictJSON

extension RemoteRepository {
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
            // Names that are no tags, and those that are repeated, count towards the limit as well.
            return seen
        }
        if invalid > 0 {
            client.retrier.events(.invalidTagsSkipped(repository: repository, count: invalid))
        }
        return tags
    }

    /// Reads one page; Nexus writes `null` where there are no tags.
    ///
    /// An object with neither member is some other response, not a repository without tags.
    private func names(_ bytes: [UInt8]) throws(JSONError) -> [String] {
        let page = try JSONObject(try JSONValue(parsing: bytes), known: ["name", "tags"])
        guard page.contains("tags") || page.contains("name") else {
            throw page.failure("tags", "is missing")
        }
        return try page.strings("tags") ?? []
    }
}
