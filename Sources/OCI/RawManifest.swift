// SPDX-License-Identifier: Apache-2.0

public import StrictJSON

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
