// SPDX-License-Identifier: Apache-2.0

/// A media type, as in descriptors and `Content-Type` headers.
public struct MediaType: Hashable, Sendable {
    /// The type and subtype in lowercase, without parameters.
    public let name: String

    /// Parses `type/subtype` and drops parameters after `;`.
    ///
    /// - Throws: ``ParseError`` if the text is not a media type.
    ///
    /// Source: RFC 6838 §4.2.
    public init(parsing text: String) throws(ParseError) {
        let essence = text.utf8.prefix { $0 != UInt8(ascii: ";") }
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        let end = essence.lastIndex { !isSpace($0) }.map(essence.index(after:))
        let name = essence[..<(end ?? essence.startIndex)].drop(while: isSpace)
        let parts = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy(Self.isRestrictedName) else {
            throw ParseError(
                "media type", text, reason: "should look like application/octet-stream")
        }
        self.name = Substring(name).lowercased()
    }

    private init(known name: String) {
        self.name = name
    }

    private static func isRestrictedName(_ part: Substring.UTF8View) -> Bool {
        guard let first = part.first, isAlphanumeric(first), part.count <= 127 else { return false }
        return part.allSatisfy { isAlphanumeric($0) || "!#$&-^_.+".utf8.contains($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }

    /// An OCI image index.
    public static let ociIndex = MediaType(known: "application/vnd.oci.image.index.v1+json")
    /// An OCI image manifest.
    public static let ociManifest = MediaType(known: "application/vnd.oci.image.manifest.v1+json")
    /// An OCI image config.
    public static let ociConfig = MediaType(known: "application/vnd.oci.image.config.v1+json")
    /// A Docker manifest list.
    public static let dockerList = MediaType(
        known: "application/vnd.docker.distribution.manifest.list.v2+json")
    /// A Docker image manifest, schema 2.
    public static let dockerManifest = MediaType(
        known: "application/vnd.docker.distribution.manifest.v2+json")
    /// A Docker image config.
    public static let dockerConfig = MediaType(
        known: "application/vnd.docker.container.image.v1+json")
    /// A Docker manifest of schema 1, which is not supported.
    public static let dockerSchema1 = MediaType(
        known: "application/vnd.docker.distribution.manifest.v1+json")
    /// A signed Docker manifest of schema 1, which is not supported.
    public static let dockerSchema1Signed = MediaType(
        known: "application/vnd.docker.distribution.manifest.v1+prettyjws")
    /// Bytes of an unknown type.
    public static let octetStream = MediaType(known: "application/octet-stream")

    /// The types to accept in a request for a manifest of any kind.
    ///
    /// If a type is missing from the list, a registry may convert the manifest or respond 404.
    public static let manifests: [MediaType] = [
        .ociIndex, .dockerList, .ociManifest, .dockerManifest,
    ]

    /// A Boolean value that indicates whether this is an index or manifest list.
    public var isIndex: Bool { self == .ociIndex || self == .dockerList }

    /// A Boolean value that indicates whether this is an image manifest.
    public var isImageManifest: Bool { self == .ociManifest || self == .dockerManifest }

    /// A Boolean value that indicates whether this is a schema 1 manifest, signed or not.
    public var isSchema1: Bool { self == .dockerSchema1 || self == .dockerSchema1Signed }

    /// A Boolean value that indicates whether this is the config of a container image.
    public var isImageConfig: Bool { self == .ociConfig || self == .dockerConfig }

    /// A Boolean value that indicates whether a license may keep a layer of this type out of
    /// registries.
    public var isForeignLayer: Bool {
        name.hasPrefix("application/vnd.docker.image.rootfs.foreign.")
            || name.hasPrefix("application/vnd.oci.image.layer.nondistributable.")
    }
}

extension MediaType: CustomStringConvertible {
    /// The type and subtype.
    public var description: String { name }
}
