// SPDX-License-Identifier: Apache-2.0

internal import Hashing
public import OCI

/// A stream that ends well only if its bytes are those of a descriptor.
///
/// The last piece is held back until size, digest and end of stream agree. A consumer that streams
/// the bytes onwards has therefore never sent a whole wrong blob, even to a place that checks nothing.
public struct VerifiedStream: AsyncSequence, Sendable {
    private let base: ByteStream
    private let descriptor: Descriptor

    /// Makes a stream that proves `base` against `descriptor`.
    public init(_ base: ByteStream, proving descriptor: Descriptor) {
        self.base = base
        self.descriptor = descriptor
    }

    /// Starts reading; like its base, a stream is read once.
    public func makeAsyncIterator() -> Iterator {
        Iterator(base.makeAsyncIterator(), descriptor)
    }

    /// Reads one piece ahead, and proves before it gives the last one.
    public final class Iterator: AsyncIteratorProtocol {
        private var base: any AsyncIteratorProtocol<[UInt8], any Error>
        private var verifier: DigestVerifier?
        private var held: [UInt8]?

        init(_ base: any AsyncIteratorProtocol<[UInt8], any Error>, _ descriptor: Descriptor) {
            self.base = base
            self.verifier = DigestVerifier(descriptor)
        }

        /// Returns the next piece; nothing follows an error.
        ///
        /// - Throws: `IntegrityError` where the bytes are others, or what the base threw.
        public func next() async throws -> [UInt8]? {
            do {
                while verifier != nil {
                    guard let piece = try await base.next(isolation: #isolation) else {
                        try verifier.take()?.finish()
                        break
                    }
                    guard !piece.isEmpty else { continue }
                    try verifier?.update(piece)
                    defer { held = piece }
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
