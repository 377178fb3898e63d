// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// Retention tags keep digests that other tags no longer point to: `kept-<64 hex>`.
///
/// They are not named `sha256-<hex>`, because that is the referrers tag schema.
enum RetentionTag {
    /// Returns the retention tag for a digest, or `nil` if it would exceed the length limit of
    /// tags.
    static func tag(for digest: Digest) throws(ParseError) -> Tag? {
        guard digest.algorithm == .sha256 else { return nil }
        return try Tag(parsing: "kept-\(digest.hex)")
    }

    /// Returns the digest that a retention tag keeps, or `nil` if the tag is not a retention tag.
    static func digest(of tag: Tag) -> Digest? {
        guard tag.name.hasPrefix("kept-") else { return nil }
        return try? Digest(parsing: "sha256:\(tag.name.dropFirst("kept-".count))")
    }
}
