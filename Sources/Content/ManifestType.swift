// SPDX-License-Identifier: Apache-2.0

internal import Hashing
public import OCI
internal import StrictJSON

extension MediaType {
    /// Returns the type that a manifest states itself, or `nil` if it states none.
    public init?(statedBy bytes: [UInt8]) {
        guard case .object(let members)? = try? JSONValue(parsing: bytes),
            case .string(let text)? = members.first(where: { $0.name == "mediaType" })?.value,
            let type = try? MediaType(parsing: text)
        else { return nil }
        self = type
    }

    /// Returns the type that the fields of a manifest imply, or `nil` if the bytes are not a
    /// manifest.
    ///
    /// No bytes are valid as both types: an index has no layers, and an image no manifests.
    ///
    /// Source: image-spec, manifest.md: `mediaType` is optional.
    public init?(impliedBy bytes: [UInt8]) {
        let types: [MediaType] = [.ociIndex, .ociManifest]
        let matching = types.first {
            (try? RawManifest(describing: bytes, as: $0).decoded()) != nil
        }
        guard let matching else { return nil }
        self = matching
    }
}
