// SPDX-License-Identifier: Apache-2.0

internal import CCrypto
public import OCI

/// An incremental hash of bytes.
///
/// Source: OpenSSL's EVP interface, which selects the CPU's instructions for the algorithm.
@safe
public struct DigestHasher: ~Copyable {
    /// The hash algorithm.
    public let algorithm: Digest.Algorithm
    private let context: OpaquePointer

    /// Creates a hasher for an algorithm.
    public init(_ algorithm: Digest.Algorithm = .sha256) {
        self.algorithm = algorithm
        guard let context = unsafe EVP_MD_CTX_new() else {
            preconditionFailure("out of memory for a hash context")
        }
        unsafe self.context = context
        let kind =
            switch algorithm {
            case .sha256: unsafe EVP_sha256()
            case .sha512: unsafe EVP_sha512()
            }
        let started = unsafe EVP_DigestInit_ex(context, kind, nil)
        precondition(started == 1, "libcrypto does not support \(algorithm.rawValue)")
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) {
        unsafe update(bytes.span.bytes)
    }

    /// Adds bytes without copying them.
    public mutating func update(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { buffer in
            let updated = unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
            precondition(updated == 1, "EVP_DigestUpdate failed")
        }
    }

    /// Returns the digest of the bytes added so far and ends the hash.
    public consuming func finish() -> Digest {
        var hash = [UInt8](repeating: 0, count: algorithm.hexLength / 2)
        unsafe hash.withUnsafeMutableBufferPointer { buffer in
            let finished = unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            precondition(finished == 1, "EVP_DigestFinal_ex failed")
        }
        return Digest(algorithm, hash: hash)
    }
}

extension Digest {
    /// Returns the digest of `bytes`.
    public static func of(_ bytes: [UInt8], _ algorithm: Algorithm = .sha256) -> Digest {
        var hasher = DigestHasher(algorithm)
        hasher.update(bytes)
        return hasher.finish()
    }
}
