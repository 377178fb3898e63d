// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import TextSafety

/// Something that refers to an image and is no part of it: a signature, a list of parts.
public struct Attachment: Hashable, Sendable {
    /// What it is, in words that are safe to show.
    public let kind: String
    /// How many there are.
    public let count: Int

    /// What cosign's tags mean.
    ///
    /// Source: cosign's specification of signatures, § Discovery.
    private static let kinds = [
        ".sig": "cosign signature", ".att": "cosign attestation", ".sbom": "cosign SBOM",
    ]

    /// Finds what refers to a digest: by the registry's own list, else by tags that stand in for it.
    ///
    /// It costs one request for the list and one HEAD for each tag that cosign may have written.
    ///
    /// - Returns: what there is, by kind.
    /// - Throws: what the source threw, or `CancellationError`.
    static func all(of subject: Digest, in source: any ContentSource) async throws -> [Attachment] {
        let tags = try DigestTag.cosignTags(for: subject)
        return try await withThrowingTaskGroup(of: [String].self) { group in
            for tag in tags {
                group.addTask {
                    guard try await source.resolve(.tag(tag)) != nil else { return [] }
                    return kinds.filter { tag.name.hasSuffix($0.key) }.map(\.value)
                }
            }
            group.addTask {
                try await referrers(of: subject, in: source).map { entry in
                    UntrustedText((entry.artifactType ?? entry.mediaType).name).display(limit: 100)
                }
            }
            var all: [String] = []
            for try await kinds in group { all += kinds }
            return Dictionary(grouping: all) { $0 }
                .map { Attachment(kind: $0, count: $1.count) }.sorted { $0.kind < $1.kind }
        }
    }

    private static func referrers(
        of subject: Digest, in source: any ContentSource
    ) async throws -> [Descriptor] {
        if let listed = try await source.referrers(of: subject) { return listed }
        guard let list = try await source.resolve(.tag(DigestTag.referrersTag(for: subject))),
            list.mediaType.isIndex,
            case .index(let index) = try await source.fetch(manifest: list).decoded()
        else { return [] }
        return index.manifests
    }
}
