// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import TextSafety

/// Artifacts of one kind that refer to an image, such as signatures and SBOMs.
public struct Attachment: Hashable, Sendable {
    /// The kind, escaped for display.
    public let kind: String
    /// The number of artifacts.
    public let count: Int

    /// The kinds by the tag suffixes of cosign.
    ///
    /// Source: cosign's specification of signatures, § Discovery.
    private static let kinds = [
        ".sig": "cosign signature", ".att": "cosign attestation", ".sbom": "cosign SBOM",
    ]

    /// Returns the artifacts that refer to a digest, from the referrers API and from cosign's tags.
    ///
    /// This costs one request for the referrers and one HEAD request for each possible cosign tag.
    ///
    /// - Returns: The artifacts, by kind.
    /// - Throws: The error of the source, or `CancellationError`.
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
