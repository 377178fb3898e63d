// SPDX-License-Identifier: Apache-2.0

public import OCI

/// An image of an OCI image layout as people write it: `oci:FOLDER`, `oci:FOLDER:TAG` or
/// `oci:FOLDER@DIGEST`.
public struct LayoutReference: Hashable, Sendable {
    /// What every such text begins with, and no reference to a registry does.
    public static let scheme = "oci:"

    /// The folder as it is written, absolute or not.
    public let directory: String
    /// The tag.
    public let tag: Tag?
    /// The digest.
    public let digest: Digest?

    /// Parses `oci:FOLDER[:TAG|@DIGEST]`.
    ///
    /// A colon in the folder's name does not begin a tag if a slash follows, nor does an `@` begin a
    /// digest unless it looks like one.
    ///
    /// - Throws: `ParseError` where a part has another form or the folder is missing.
    public init(parsing text: String) throws(ParseError) {
        guard text.hasPrefix(Self.scheme) else {
            throw ParseError("layout", text, "should begin with '\(Self.scheme)'")
        }
        var directory = text.dropFirst(Self.scheme.count)
        var tag: Tag?
        var digest: Digest?
        if let at = directory.indices.last(where: { directory[$0...].hasPrefix("@sha") }) {
            digest = try Digest(parsing: String(directory[directory.index(after: at)...]))
            directory = directory[..<at]
        } else if let colon = directory.lastIndex(of: ":"), !directory[colon...].contains("/") {
            tag = try Tag(parsing: String(directory[directory.index(after: colon)...]))
            directory = directory[..<colon]
        }
        guard !directory.isEmpty else {
            throw ParseError("layout", text, "the folder is missing after '\(Self.scheme)'")
        }
        self.directory = String(directory)
        self.tag = tag
        self.digest = digest
    }
}
