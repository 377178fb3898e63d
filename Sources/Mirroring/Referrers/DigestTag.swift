// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// Tags that speak of a digest: the stand-in for a list of referrers, and what cosign writes.
enum DigestTag {
    /// What cosign hangs on a digest: a signature, attestations, a list of parts.
    ///
    /// Source: cosign's specification of signatures, § Discovery.
    static let suffixes = [".sig", ".att", ".sbom"]

    /// Whether a tag could be one of a digest's.
    static func isOne(_ tag: Tag) -> Bool {
        tag.name.hasPrefix("sha256-") || tag.name.hasPrefix("sha512-")
    }

    /// The tag whose index lists the referrers of a digest where the registry does not.
    ///
    /// Source: distribution-spec § Referrers Tag Schema: the algorithm and 64 digits.
    static func list(of subject: Digest) throws(ParseError) -> Tag {
        try Tag(parsing: name(subject))
    }

    /// The tags that cosign may have written for a digest.
    static func cosign(for subject: Digest) throws(ParseError) -> [Tag] {
        var tags: [Tag] = []
        for suffix in suffixes { tags.append(try Tag(parsing: name(subject) + suffix)) }
        return tags
    }

    /// The digest that a tag speaks of; nil where it is another kind of tag.
    static func subject(of tag: Tag) -> Digest? {
        guard tag.name.hasPrefix("sha256-") else { return nil }
        let hex = tag.name.dropFirst("sha256-".count).prefix { $0 != "." }
        return try? Digest(parsing: "sha256:\(hex)")
    }

    /// Returns a Boolean value that indicates whether a tag has only a part of a digest, which therefore
    /// cannot be looked up.
    static func isTruncated(_ tag: Tag) -> Bool { tag.name.hasPrefix("sha512-") }

    private static func name(_ subject: Digest) -> String {
        "\(subject.algorithm.rawValue)-\(subject.hex.prefix(64))"
    }
}
