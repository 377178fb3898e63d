// SPDX-License-Identifier: Apache-2.0

internal import Hashing
public import OCI

/// A stream that ends without an error only if its bytes match a descriptor.
///
/// The last chunk is withheld until size, digest and end of stream agree. A consumer that forwards
/// the bytes has therefore never sent a complete corrupt blob, even to a target that verifies
/// nothing.
public struct VerifiedStream: AsyncSequence, Sendable {
    private let base: ByteStream
    private let descriptor: Descriptor

    /// Creates a stream that verifies `base` against `descriptor`.
    public init(_ base: ByteStream, verifying descriptor: Descriptor) {
        self.base = base
        self.descriptor = descriptor
    }

    /// Starts reading; like its base, a stream is read once.
    public func makeAsyncIterator() -> Iterator {
        Iterator(base.makeAsyncIterator(), descriptor)
    }

    /// Reads one chunk ahead, and verifies the content before it returns the last one.
    public final class Iterator: AsyncIteratorProtocol {
        private var base: any AsyncIteratorProtocol<[UInt8], any Error>
        private var verifier: DigestVerifier?
        private var held: [UInt8]?

        init(_ base: any AsyncIteratorProtocol<[UInt8], any Error>, _ descriptor: Descriptor) {
            self.base = base
            self.verifier = DigestVerifier(descriptor)
        }

        /// Returns the next chunk; nothing follows an error.
        ///
        /// - Throws: `IntegrityError` if the bytes do not match, or the error of the base.
        public func next() async throws -> [UInt8]? {
            do {
                while verifier != nil {
                    guard let chunk = try await base.next(isolation: #isolation) else {
                        try verifier.take()?.finish()
                        break
                    }
                    guard !chunk.isEmpty else { continue }
                    try verifier?.update(chunk)
                    defer { held = chunk }
                    if let held { return held }
                }
            } catch {
                verifier = nil
                held = nil
                throw error
            }
            defer { held = nil }
            return held
        }
    }
}
