// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// A reference to content: its media type, digest and size, with optional metadata.
///
/// Source: image-spec, descriptor.md.
public struct Descriptor: Hashable, Sendable {
    /// The media type of the content.
    public let mediaType: MediaType
    /// The digest of the content.
    public let digest: Digest
    /// The size of the content in bytes, from 0 to 2⁵³.
    public let size: Int
    /// The platform that an index states for the image.
    public let platform: Platform?
    /// The artifact type that a referrers list states for the content.
    public let artifactType: MediaType?
    /// The annotations; untrusted text.
    public let annotations: [String: String]
    /// A Boolean value that indicates whether the descriptor lists URLs for the content.
    ///
    /// They are never used.
    public let hasURLs: Bool

    /// The greatest integer that every JSON reader represents exactly.
    public static let maximumSize = 1 << 53

    /// Creates a descriptor.
    ///
    /// - Precondition: `size` is from 0 to ``maximumSize``.
    public init(
        mediaType: MediaType, digest: Digest, size: Int, platform: Platform? = nil,
        artifactType: MediaType? = nil, annotations: [String: String] = [:], hasURLs: Bool = false
    ) {
        precondition((0...Self.maximumSize).contains(size), "size must be from 0 to 2^53")
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
        self.artifactType = artifactType
        self.annotations = annotations
        self.hasURLs = hasURLs
    }

    /// Creates a descriptor from the object at `path` of a manifest.
    ///
    /// - Throws: ``JSONError`` with the member's path.
    init(json: JSONValue, path: String) throws(JSONError) {
        let object = try JSONObject(json, path: path, known: Self.knownKeys)
        guard let mediaType = try object.mediaType("mediaType") else {
            throw object.failure("mediaType", "is missing")
        }
        guard let digest = try object.parse("digest", Digest.init(parsing:)) else {
            throw object.failure("digest", "is missing")
        }
        guard let size = try object.integer("size"), (0...Self.maximumSize).contains(size) else {
            throw object.failure("size", "is missing, or not from 0 to 2^53")
        }
        self.init(
            mediaType: mediaType, digest: digest, size: size,
            platform: try object["platform"].map { value throws(JSONError) in
                try Platform(json: value, path: object.location(of: "platform"))
            },
            artifactType: try object.mediaType("artifactType"),
            annotations: try object.stringMap("annotations"),
            hasURLs: try !(object.strings("urls") ?? []).isEmpty)
    }

    private static let knownKeys: Set<String> = [
        "mediaType", "digest", "size", "urls", "annotations", "artifactType", "platform",
    ]
}

extension Int {
    /// Returns the sum of two sizes, or the greatest number where it overflows: a manifest may state
    /// more bytes than an integer can count.
    public func plus(_ other: Int) -> Int {
        let (sum, isOver) = addingReportingOverflow(other)
        return isOver ? .max : sum
    }
}
