// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// Retention tags: `kept-<64 hex>` keeps a digest that other tags no longer point to.
extension Tag {
    /// Creates the retention tag of a digest, or `nil` if it would exceed the length limit of tags.
    ///
    /// It is not named `sha256-<hex>`, because that is the referrers tag schema.
    init?(retaining digest: Digest) {
        guard digest.algorithm == .sha256, let tag = try? Tag(parsing: "kept-\(digest.hex)") else {
            return nil
        }
        self = tag
    }

    /// The digest that a retention tag keeps; `nil` for other tags.
    var retainedDigest: Digest? {
        guard name.hasPrefix("kept-") else { return nil }
        return try? Digest(parsing: "sha256:\(name.dropFirst("kept-".count))")
    }
}

/// Tags that name the subject of referrers: of the referrers tag schema, and of cosign.
extension Tag {
    /// A Boolean value that indicates whether the tag may name a subject.
    var namesSubject: Bool { name.hasPrefix("sha256-") || name.hasPrefix("sha512-") }

    /// The digest of the subject that the tag names; `nil` if it names none.
    var subject: Digest? {
        guard name.hasPrefix("sha256-") else { return nil }
        let hex = name.dropFirst("sha256-".count).prefix { $0 != "." }
        return try? Digest(parsing: "sha256:\(hex)")
    }

    /// A Boolean value that indicates whether the tag has only part of a digest, which therefore
    /// cannot be looked up.
    var hasTruncatedSubject: Bool { name.hasPrefix("sha512-") }
}

extension Digest {
    /// Returns the tag whose index lists the referrers of the digest at a registry without the
    /// referrers API.
    ///
    /// Source: distribution-spec § Referrers Tag Schema: the algorithm and 64 digits.
    func referrersTag() throws(ParseError) -> Tag { try Tag(parsing: tagPrefix) }

    /// Returns the tags that cosign may have written for the digest: signatures, attestations and
    /// SBOMs.
    ///
    /// Source: cosign's specification of signatures, § Discovery.
    func cosignTags() throws(ParseError) -> [Tag] {
        var tags: [Tag] = []
        for suffix in [".sig", ".att", ".sbom"] {
            tags.append(try Tag(parsing: tagPrefix + suffix))
        }
        return tags
    }

    private var tagPrefix: String { "\(algorithm.rawValue)-\(hex.prefix(64))" }
}
