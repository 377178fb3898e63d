// SPDX-License-Identifier: Apache-2.0

public import OCI
internal import StrictJSON

/// An entry of an index: an image and the fields of its descriptor.
public struct IndexEntry: Sendable {
    let image: BuiltImage
    let platform: Platform?
    let annotations: [String: String]
    /// The size to write instead of the correct one.
    let statedSize: Int?

    /// Returns an entry for an image, by default with the platform of its config.
    ///
    /// Another platform makes the index wrong.
    public static func image(
        _ image: BuiltImage, as platform: Platform? = nil, annotations: [String: String] = [:],
        statedSize: Int? = nil
    ) -> IndexEntry {
        IndexEntry(
            image: image, platform: platform ?? image.platform, annotations: annotations,
            statedSize: statedSize)
    }

    /// Returns an entry without a platform, for an image or a nested index.
    public static func unlabelled(_ image: BuiltImage) -> IndexEntry {
        IndexEntry(image: image, platform: nil, annotations: [:], statedSize: nil)
    }

    /// Returns the attestation manifest that BuildKit adds for an image, with the platform
    /// `unknown/unknown`.
    ///
    /// Source: BuildKit's attestation storage (`vnd.docker.reference.type`).
    public static func attestation(of image: BuiltImage) -> IndexEntry {
        let statement =
            #"{"predicateType":"https://slsa.dev/provenance/v1","subject":""#
            + "\(image.digest)\"}"
        let platform = Platform(os: "unknown", architecture: "unknown")
        return IndexEntry(
            image: ImageBuilder().image(platform, layers: [.raw(Array(statement.utf8))]),
            platform: platform,
            annotations: [
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": image.digest.description,
            ], statedSize: nil)
    }

    var json: JSONValue {
        let descriptor = image.root.descriptor
        var members: [JSONValue.Member] = [
            .init("mediaType", .string(descriptor.mediaType.name)),
            .init("digest", .string(descriptor.digest.description)),
            .init("size", .integer(statedSize ?? descriptor.size)),
        ]
        if let platform {
            members.append(.init("platform", .object(ImageBuilder.members(platform))))
        }
        if !annotations.isEmpty {
            members.append(.init("annotations", ImageBuilder.json(annotations)))
        }
        return .object(members)
    }
}
