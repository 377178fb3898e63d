// SPDX-License-Identifier: Apache-2.0

public import OCI

/// A mismatch between bytes and their descriptor.
public enum IntegrityError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The size differs.
    ///
    /// `actual` is `nil` if reading stopped at the first excess byte.
    case size(expected: Int, actual: Int?)
    /// The digest differs.
    case digest(expected: Digest, actual: Digest)

    /// A description on one line.
    public var description: String {
        switch self {
        case .size(let expected, let actual?): "\(actual) bytes came, \(expected) were announced"
        case .size(let expected, nil): "more than the announced \(expected) bytes came"
        case .digest(let expected, let actual): "the bytes are \(actual), not \(expected)"
        }
    }
}

/// Verifies a stream of bytes against a descriptor: the size, the digest and the end of the stream.
public struct DigestVerifier: ~Copyable {
    private let expected: Digest
    private let size: Int
    private var hasher: DigestHasher
    /// The number of bytes added so far.
    public private(set) var count = 0

    /// Creates a verifier for the content that `descriptor` describes.
    public init(_ descriptor: Descriptor) {
        self.expected = descriptor.digest
        self.size = descriptor.size
        self.hasher = DigestHasher(descriptor.digest.algorithm)
    }

    /// Adds bytes.
    ///
    /// - Throws: ``IntegrityError/size(expected:actual:)`` at the first excess byte.
    public mutating func update(_ bytes: [UInt8]) throws(IntegrityError) {
        count += bytes.count
        guard count <= size else { throw .size(expected: size, actual: nil) }
        hasher.update(bytes)
    }

    /// Verifies size and digest after the last byte.
    ///
    /// - Throws: ``IntegrityError`` if bytes are missing or the digest differs.
    public consuming func finish() throws(IntegrityError) {
        let expected = expected
        guard count == size else { throw .size(expected: size, actual: count) }
        let actual = hasher.finish()
        guard actual == expected else { throw .digest(expected: expected, actual: actual) }
    }
}

extension RawManifest {
    /// Creates a manifest from bytes after verifying them against `descriptor`.
    ///
    /// - Throws: ``IntegrityError`` if the size or the digest differs.
    public init(verifying bytes: [UInt8], against descriptor: Descriptor) throws(IntegrityError) {
        var verifier = DigestVerifier(descriptor)
        try verifier.update(bytes)
        try verifier.finish()
        self.init(proved: bytes, descriptor)
    }

    /// Creates a manifest from bytes after verifying the digest of `hint`, whose size is not known
    /// for certain.
    ///
    /// - Throws: ``IntegrityError`` if the digest differs.
    public init(verifyingDigestOf bytes: [UInt8], hint: Descriptor) throws(IntegrityError) {
        let descriptor = Descriptor(
            mediaType: hint.mediaType, digest: hint.digest, size: bytes.count,
            platform: hint.platform, artifactType: hint.artifactType,
            annotations: hint.annotations, hasURLs: hint.hasURLs)
        try self.init(verifying: bytes, against: descriptor)
    }

    /// Creates a manifest and its descriptor from bytes that have no expected digest yet.
    public init(describing bytes: [UInt8], as mediaType: MediaType) {
        self.init(
            proved: bytes,
            Descriptor(mediaType: mediaType, digest: .of(bytes), size: bytes.count))
    }
}
