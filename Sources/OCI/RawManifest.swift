// SPDX-License-Identifier: Apache-2.0

public import StrictJSON

/// A manifest as it travels: the bytes as they came, and the descriptor that they were proved against.
///
/// Nothing is ever encoded again, so digests survive. The only way to make one from bytes is the
/// verifying initialiser in `Hashing`.
public struct RawManifest: Hashable, Sendable {
    /// The bytes as they came.
    public let bytes: [UInt8]
    /// Their media type, digest and size.
    public let descriptor: Descriptor

    /// Joins bytes with the descriptor that they were just proved against.
    package init(proved bytes: [UInt8], _ descriptor: Descriptor) {
        self.bytes = bytes
        self.descriptor = descriptor
    }

    /// The greatest manifest that is read or written, in bytes.
    ///
    /// Source: the limit of distribution and ACR.
    public static let maximumSize = 4 << 20

    /// Reads the manifest's fields.
    ///
    /// - Throws: ``JSONError`` where the bytes are not strictly a manifest of their media type.
    public func decoded() throws(JSONError) -> Manifest {
        try Manifest(bytes: bytes, mediaType: descriptor.mediaType)
    }
}
