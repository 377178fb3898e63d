// SPDX-License-Identifier: Apache-2.0

public import OCI

/// Bytes in memory as a stream of one chunk.
public struct BytesInMemory: AsyncSequence, Sendable {
    private let bytes: [UInt8]

    /// Creates a stream of `bytes`.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Starts reading.
    public func makeAsyncIterator() -> Iterator {
        Iterator(remaining: bytes.isEmpty ? nil : bytes)
    }

    /// Returns one chunk, then ends.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate var remaining: [UInt8]?

        /// Returns the bytes, once.
        public mutating func next() async throws -> [UInt8]? {
            remaining.take()
        }
    }
}

/// The bytes of a stream from an offset.
struct ByteStreamSuffix: AsyncSequence, Sendable {
    private let base: ByteStream
    private let offset: Int

    init(_ base: ByteStream, from offset: Int) {
        self.base = base
        self.offset = offset
    }

    func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), surplus: offset)
    }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var base: any AsyncIteratorProtocol<[UInt8], any Error>
        /// The number of bytes to drop.
        fileprivate var surplus: Int

        mutating func next() async throws -> [UInt8]? {
            while let chunk = try await base.next(isolation: #isolation) {
                let dropped = Swift.min(surplus, chunk.count)
                surplus -= dropped
                if dropped < chunk.count { return Array(chunk[dropped...]) }
            }
            return nil
        }
    }
}

extension ContentFetcher {
    /// Reads a whole blob into memory.
    ///
    /// - Parameters:
    ///   - descriptor: The descriptor of the blob.
    ///   - limit: The maximum size that is read.
    /// - Returns: The verified bytes.
    /// - Throws: ``ContentError`` of the class `invalid` if the blob is larger, or the error of the
    ///   stream.
    public func read(blob descriptor: Descriptor, limit: Int) async throws -> [UInt8] {
        guard descriptor.size <= limit else {
            throw ContentError(
                .invalid,
                "blob \(descriptor.digest.short) has \(descriptor.size) bytes; "
                    + "the limit is \(limit)")
        }
        return try await retryingOnDigestMismatch {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(descriptor.size)
            for try await chunk in try await fetch(blob: descriptor) { bytes += chunk }
            return bytes
        }
    }
}
