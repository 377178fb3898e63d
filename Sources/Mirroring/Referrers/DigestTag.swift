// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// Tags that name a digest: of the referrers tag schema, and of cosign.
enum DigestTag {
    /// The suffixes of the tags that cosign writes for a digest: signatures, attestations and
    /// SBOMs.
    ///
    /// Source: cosign's specification of signatures, § Discovery.
    static let suffixes = [".sig", ".att", ".sbom"]

    /// Returns a Boolean value that indicates whether a tag may name a digest.
    static func namesDigest(_ tag: Tag) -> Bool {
        tag.name.hasPrefix("sha256-") || tag.name.hasPrefix("sha512-")
    }

    /// Returns the tag whose index lists the referrers of a digest at a registry without the
    /// referrers API.
    ///
    /// Source: distribution-spec § Referrers Tag Schema: the algorithm and 64 digits.
    static func referrersTag(for subject: Digest) throws(ParseError) -> Tag {
        try Tag(parsing: name(subject))
    }

    /// Returns the tags that cosign may have written for a digest.
    static func cosignTags(for subject: Digest) throws(ParseError) -> [Tag] {
        var tags: [Tag] = []
        for suffix in suffixes { tags.append(try Tag(parsing: name(subject) + suffix)) }
        return tags
    }

    /// Returns the digest that a tag names, or `nil` if it names none.
    static func subject(of tag: Tag) -> Digest? {
        guard tag.name.hasPrefix("sha256-") else { return nil }
        let hex = tag.name.dropFirst("sha256-".count).prefix { $0 != "." }
        return try? Digest(parsing: "sha256:\(hex)")
    }

    /// Returns a Boolean value that indicates whether a tag has only part of a digest, which
    /// therefore cannot be looked up.
    static func isTruncated(_ tag: Tag) -> Bool { tag.name.hasPrefix("sha512-") }

    private static func name(_ subject: Digest) -> String {
        "\(subject.algorithm.rawValue)-\(subject.hex.prefix(64))"
    }
}
