// SPDX-License-Identifier: Apache-2.0

public import OCI

/// A reference to an image of an OCI image layout: `oci:DIR`, `oci:DIR:TAG`,
/// `oci:DIR@DIGEST` or `oci:DIR:TAG@DIGEST`.
public struct LayoutReference: Hashable, Sendable {
    /// The prefix of every such reference, which no reference to a registry has.
    public static let scheme = "oci:"

    /// The directory as it is written, absolute or relative.
    public let directory: String
    /// The tag.
    public let tag: Tag?
    /// The digest.
    public let digest: Digest?

    /// Parses `oci:DIR[:TAG][@DIGEST]`.
    ///
    /// A colon does not begin a tag if a slash follows, and an `@` does not begin a digest unless
    /// the rest has the form of one. The directory of `oci:DIR:NAME:TAG` is `DIR:NAME`, which
    /// ``LayoutStore`` separates.
    ///
    /// - Throws: `ParseError` if a component is invalid or the directory is missing.
    public init(parsing text: String) throws(ParseError) {
        guard text.hasPrefix(Self.scheme) else {
            throw ParseError("layout", text, reason: "should begin with '\(Self.scheme)'")
        }
        var directory = text.dropFirst(Self.scheme.count)
        var tag: Tag?
        var digest: Digest?
        if let at = directory.indices.last(where: { directory[$0...].hasPrefix("@sha") }) {
            digest = try Digest(parsing: String(directory[directory.index(after: at)...]))
            directory = directory[..<at]
        }
        if let colon = directory.lastIndex(of: ":"), !directory[colon...].contains("/") {
            tag = try Tag(parsing: String(directory[directory.index(after: colon)...]))
            directory = directory[..<colon]
        }
        guard !directory.isEmpty else {
            throw ParseError("layout", text, reason: "directory missing after '\(Self.scheme)'")
        }
        self.directory = String(directory)
        self.tag = tag
        self.digest = digest
    }
}
