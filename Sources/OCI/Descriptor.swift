// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// What names content: its media type, digest and size, and what is said about it.
///
/// Source: image-spec, descriptor.md.
public struct Descriptor: Hashable, Sendable {
    /// What the content is.
    public let mediaType: MediaType
    /// The hash of the content.
    public let digest: Digest
    /// The content's length in bytes, from 0 to 2⁵³.
    public let size: Int
    /// The platform of the image that the content describes, in an index.
    public let platform: Platform?
    /// The kind of artifact that the content describes, in a list of referrers.
    public let artifactType: MediaType?
    /// Whatever else is said about the content; hostile text.
    public let annotations: [String: String]
    /// Whether other places are named from which the content could be fetched; they are never used.
    public let hasURLs: Bool

    /// The greatest size that every JSON reader represents exactly.
    public static let maximumSize = 1 << 53

    /// Makes a descriptor.
    ///
    /// - Precondition: `size` is from 0 to ``maximumSize``.
    public init(
        mediaType: MediaType, digest: Digest, size: Int, platform: Platform? = nil,
        artifactType: MediaType? = nil, annotations: [String: String] = [:], hasURLs: Bool = false
    ) {
        precondition((0...Self.maximumSize).contains(size), "a size is from 0 to 2^53")
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
        self.artifactType = artifactType
        self.annotations = annotations
        self.hasURLs = hasURLs
    }

    /// Reads a descriptor at `path` of a manifest.
    ///
    /// - Throws: ``JSONError`` with the member's path.
    init(json: JSONValue, path: String) throws(JSONError) {
        let object = try JSONObject(
            json, path: path,
            known: [
                "mediaType", "digest", "size", "urls", "annotations", "data", "artifactType",
                "platform",
            ])
        guard let mediaType = try object.parse("mediaType", MediaType.init(parsing:)) else {
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
                try Platform(json: value, path: object.place(of: "platform"))
            },
            artifactType: try object.parse("artifactType", MediaType.init(parsing:)),
            annotations: try object.stringMap("annotations"),
            hasURLs: try !(object.strings("urls") ?? []).isEmpty)
    }
}

extension Platform {
    /// Reads a platform at `path`, as an index entry and an image configuration have it.
    init(json: JSONValue, path: String) throws(JSONError) {
        let object = try JSONObject(
            json, path: path,
            known: ["os", "architecture", "variant", "os.version", "os.features", "features"])
        guard let os = try object.string("os"), let architecture = try object.string("architecture")
        else { throw JSONError(place: path, reason: "os or architecture is missing") }
        self.init(
            os: os, architecture: architecture, variant: try object.string("variant"),
            osVersion: try object.string("os.version"))
    }
}

extension JSONObject {
    /// Reads a string member through a parser of one of this room's nouns.
    func parse<Noun>(
        _ key: String, _ parser: (String) throws(ParseError) -> Noun
    ) throws(JSONError) -> Noun? {
        guard let text = try string(key) else { return nil }
        do {
            return try parser(text)
        } catch {
            throw failure(key, error.reason)
        }
    }
}
