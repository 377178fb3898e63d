// SPDX-License-Identifier: Apache-2.0

public import OCI

/// Bytes that are not what their descriptor says.
public enum IntegrityError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There were more or fewer bytes. `actual` is nil where reading stopped at the first surplus byte.
    case size(expected: Int, actual: Int?)
    /// The bytes hash to another digest.
    case digest(expected: Digest, actual: Digest)

    /// One line.
    public var description: String {
        switch self {
        case .size(let expected, let actual?): "\(actual) bytes came, \(expected) were announced"
        case .size(let expected, nil): "more than the announced \(expected) bytes came"
        case .digest(let expected, let actual): "the bytes are \(actual), not \(expected)"
        }
    }
}

/// Proves bytes that arrive in pieces against a descriptor: the size, the digest and the end.
public struct DigestVerifier: ~Copyable {
    private let expected: Digest
    private let size: Int
    private var hasher: DigestHasher
    /// How many bytes have been added.
    public private(set) var count = 0

    /// Starts a proof of bytes against `descriptor`.
    public init(_ descriptor: Descriptor) {
        self.expected = descriptor.digest
        self.size = descriptor.size
        self.hasher = DigestHasher(descriptor.digest.algorithm)
    }

    /// Adds bytes.
    ///
    /// - Throws: ``IntegrityError/size(expected:actual:)`` at the first byte too many.
    public mutating func update(_ bytes: [UInt8]) throws(IntegrityError) {
        count += bytes.count
        guard count <= size else { throw .size(expected: size, actual: nil) }
        hasher.update(bytes)
    }

    /// Ends the proof, after the last byte.
    ///
    /// - Throws: ``IntegrityError`` where bytes are missing or the digest differs.
    public consuming func finish() throws(IntegrityError) {
        let expected = expected
        guard count == size else { throw .size(expected: size, actual: count) }
        let actual = hasher.finish()
        guard actual == expected else { throw .digest(expected: expected, actual: actual) }
    }
}

extension RawManifest {
    /// Proves bytes against a descriptor and keeps both.
    ///
    /// - Throws: ``IntegrityError`` where size or digest differ.
    public init(verifying bytes: [UInt8], against descriptor: Descriptor) throws(IntegrityError) {
        var verifier = DigestVerifier(descriptor)
        try verifier.update(bytes)
        try verifier.finish()
        self.init(proved: bytes, descriptor)
    }

    /// Describes bytes that were just made or were asked for by tag.
    public init(describing bytes: [UInt8], as mediaType: MediaType) {
        self.init(
            proved: bytes,
            Descriptor(mediaType: mediaType, digest: .of(bytes), size: bytes.count))
    }
}
