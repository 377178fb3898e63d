// SPDX-License-Identifier: Apache-2.0

internal import Hashing
public import OCI
internal import StrictJSON

extension ImageBuilder {
    /// Builds an artifact that refers to a manifest: a signature or an SBOM.
    ///
    /// Source: image-spec, manifest.md § Guidelines for Artifact Usage.
    ///
    /// - Parameters:
    ///   - type: The type of the artifact.
    ///   - content: The bytes of its only layer.
    ///   - subject: The manifest that the artifact refers to; `nil` if only its tag does so.
    ///   - annotations: The manifest's annotations.
    /// - Returns: The artifact.
    public func artifact(
        _ type: String, _ content: String, about subject: Descriptor?,
        annotations: [String: String] = [:]
    ) -> BuiltImage {
        let (empty, layer) = (Array("{}".utf8), Array(content.utf8))
        var members: [JSONValue.Member] = [
            .init("artifactType", .string(type)),
            .init(
                "config",
                Self.descriptor("application/vnd.oci.empty.v1+json", .of(empty), size: empty.count)),
            .init("layers", .array([Self.descriptor(type, .of(layer), size: layer.count)])),
        ]
        if let subject { members.append(.init("subject", Self.json(subject))) }
        let root = manifest(.ociManifest, members, annotations)
        return BuiltImage(root: root, blobs: [.of(empty): empty, .of(layer): layer])
    }
}
