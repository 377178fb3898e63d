// SPDX-License-Identifier: Apache-2.0

public import StrictJSON

/// The decoded fields of a manifest: an image for one platform, or an index of manifests.
///
/// Decoded values are derived; the bytes in ``RawManifest`` are what is copied.
public enum Manifest: Hashable, Sendable {
    case image(ImageManifest)
    case index(ImageIndex)
}

extension Manifest {
    /// The manifest that this one refers to.
    public var subject: Descriptor? {
        switch self {
        case .image(let image): image.subject
        case .index(let index): index.subject
        }
    }

    /// The artifact type; for an image that states none, the media type of its config.
    ///
    /// Source: distribution-spec § Listing Referrers.
    public var artifactType: MediaType? {
        switch self {
        case .image(let image): image.artifactType ?? image.config.mediaType
        case .index(let index): index.artifactType
        }
    }

    /// The annotations; untrusted text.
    public var annotations: [String: String] {
        switch self {
        case .image(let image): image.annotations
        case .index(let index): index.annotations
        }
    }
}

/// An image manifest: a config and layers, base first.
///
/// Source: image-spec, manifest.md; Docker's image manifest version 2, schema 2.
public struct ImageManifest: Hashable, Sendable {
    /// The descriptor of the config.
    public let config: Descriptor
    /// The descriptors of the layers, base first.
    public let layers: [Descriptor]
    /// The manifest that this one refers to.
    public let subject: Descriptor?
    /// The artifact type, if this is not a container image.
    public let artifactType: MediaType?
    /// The annotations; untrusted text.
    public let annotations: [String: String]

    /// Creates an image manifest.
    public init(
        config: Descriptor, layers: [Descriptor], subject: Descriptor? = nil,
        artifactType: MediaType? = nil, annotations: [String: String] = [:]
    ) {
        self.config = config
        self.layers = layers
        self.subject = subject
        self.artifactType = artifactType
        self.annotations = annotations
    }
}

/// An index: a list of manifests, usually one per platform.
///
/// Source: image-spec, image-index.md; Docker's manifest list.
public struct ImageIndex: Hashable, Sendable {
    /// The descriptors of the manifests.
    public let manifests: [Descriptor]
    /// The manifest that this index refers to.
    public let subject: Descriptor?
    /// The artifact type, if this is not a list of container images.
    public let artifactType: MediaType?
    /// The annotations; untrusted text.
    public let annotations: [String: String]

    /// Creates an index.
    public init(
        manifests: [Descriptor], subject: Descriptor? = nil, artifactType: MediaType? = nil,
        annotations: [String: String] = [:]
    ) {
        self.manifests = manifests
        self.subject = subject
        self.artifactType = artifactType
        self.annotations = annotations
    }
}

extension Manifest {
    /// Creates a manifest from bytes of the stated media type.
    ///
    /// The type must agree with the body's `mediaType`, and the body must not be readable as
    /// another kind of manifest: clients that read the same bytes differently would run different
    /// images.
    ///
    /// - Throws: ``JSONError`` with the path of the member.
    ///
    /// Source: image-spec security advisory GHSA-77vh-xpmg-72qh (ambiguous manifests).
    init(bytes: [UInt8], mediaType: MediaType) throws(JSONError) {
        let json = try JSONValue(parsing: bytes, allowsDuplicateKeys: true)
        let object = try JSONObject(json, known: Self.knownKeys)
        guard !mediaType.isSchema1 else {
            throw JSONError(location: "", reason: "schema 1 manifests are not supported")
        }
        guard try object.integer("schemaVersion") == 2 else {
            throw object.failure("schemaVersion", "is not 2; schema 1 manifests are not supported")
        }
        if let stated = try object.mediaType("mediaType"), stated != mediaType {
            throw object.failure("mediaType", "is \(stated), but \(mediaType) was announced")
        }
        if mediaType.isIndex {
            try object.refuse(["layers", "config", "fsLayers", "blobs"], in: "an index")
            self = .index(
                ImageIndex(
                    manifests: try object.descriptors("manifests"),
                    subject: try object.descriptor("subject"),
                    artifactType: try object.mediaType("artifactType"),
                    annotations: try object.stringMap("annotations")))
        } else if mediaType.isImageManifest {
            try object.refuse(["manifests", "fsLayers", "blobs"], in: "an image manifest")
            guard let config = try object.descriptor("config") else {
                throw object.failure("config", "is missing")
            }
            self = .image(
                ImageManifest(
                    config: config, layers: try object.descriptors("layers"),
                    subject: try object.descriptor("subject"),
                    artifactType: try object.mediaType("artifactType"),
                    annotations: try object.stringMap("annotations")))
        } else {
            throw JSONError(location: "", reason: "\(mediaType) is not a supported manifest type")
        }
    }

    private static let knownKeys: Set<String> = [
        "schemaVersion", "mediaType", "manifests", "layers", "config", "subject", "artifactType",
        "annotations", "fsLayers", "blobs",
    ]
}

extension JSONObject {
    /// Rejects members that would let the same bytes be read as another kind of manifest.
    fileprivate func refuse(_ keys: [String], in kind: String) throws(JSONError) {
        for key in keys where contains(key) {
            throw failure(key, "has no place in \(kind): readers could take it for another kind")
        }
    }

    fileprivate func descriptor(_ key: String) throws(JSONError) -> Descriptor? {
        guard let value = self[key] else { return nil }
        return try Descriptor(json: value, path: location(of: key))
    }

    fileprivate func descriptors(_ key: String) throws(JSONError) -> [Descriptor] {
        guard let elements = try array(key) else { throw failure(key, "is missing") }
        var descriptors: [Descriptor] = []
        for (path, value) in elements {
            descriptors.append(try Descriptor(json: value, path: path))
        }
        return descriptors
    }
}

/// The bytes of a manifest, with the descriptor that they were verified against.
///
/// Nothing is re-encoded, so digests survive. The only way to create a value from bytes is the
/// verifying initializer in `Hashing`.
public struct RawManifest: Hashable, Sendable {
    /// The bytes as they were received.
    public let bytes: [UInt8]
    /// The media type, digest and size of the bytes.
    public let descriptor: Descriptor

    /// Creates a value from bytes that were verified against `descriptor`.
    package init(proved bytes: [UInt8], _ descriptor: Descriptor) {
        self.bytes = bytes
        self.descriptor = descriptor
    }

    /// The maximum size of a manifest, in bytes.
    ///
    /// Source: the limit of distribution and ACR.
    public static let maximumSize = 4 << 20

    /// Returns the decoded manifest.
    ///
    /// - Throws: ``JSONError`` if the bytes are not a valid manifest of their media type.
    public func decoded() throws(JSONError) -> Manifest {
        try Manifest(bytes: bytes, mediaType: descriptor.mediaType)
    }
}
