// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// Tags under which digests are kept that other tags have left: `kept-<64 hex>`.
///
/// Never `sha256-<hex>`: that is where a registry without a list of referrers keeps them.
enum RetentionTag {
    /// The tag for a digest; nil where it would be longer than a tag may be.
    static func tag(for digest: Digest) throws(ParseError) -> Tag? {
        guard digest.algorithm == .sha256 else { return nil }
        return try Tag(parsing: "kept-\(digest.hex)")
    }

    /// The digest that a tag keeps; nil where it is another kind of tag.
    static func digest(of tag: Tag) -> Digest? {
        guard tag.name.hasPrefix("kept-") else { return nil }
        return try? Digest(parsing: "sha256:\(tag.name.dropFirst("kept-".count))")
    }
}
