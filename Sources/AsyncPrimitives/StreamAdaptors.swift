// SPDX-License-Identifier: Apache-2.0

/// A byte stream whose chunks are observed while they are read.
public struct ObservedStream: AsyncSequence, Sendable {
    /// A closure that receives each chunk, or `nil` at the end, with the number of bytes so far.
    ///
    /// It can delay the stream, or end it by throwing an error.
    public typealias Observer =
        @Sendable (_ chunk: [UInt8]?, _ byteCount: Int) async throws -> Void

    private let base: any AsyncSequence<[UInt8], any Error> & Sendable
    private let observe: Observer

    /// Creates a stream with the chunks of `base`.
    public init(
        _ base: any AsyncSequence<[UInt8], any Error> & Sendable,
        observing observe: @escaping Observer
    ) {
        self.base = base
        self.observe = observe
    }

    /// Starts reading.
    public func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), observe: observe)
    }

    /// Reads the base, then calls the observer.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate var base: any AsyncIteratorProtocol<[UInt8], any Error>
        fileprivate let observe: Observer
        fileprivate var byteCount = 0

        /// Returns the next chunk.
        ///
        /// - Throws: The error of the base or of the observer.
        public mutating func next() async throws -> [UInt8]? {
            let chunk = try await base.next(isolation: #isolation)
            byteCount += chunk?.count ?? 0
            try await observe(chunk, byteCount)
            return chunk
        }
    }
}

/// A byte stream whose errors are replaced.
public struct ErrorMappingStream: AsyncSequence, Sendable {
    private let base: any AsyncSequence<[UInt8], any Error> & Sendable
    private let transform: @Sendable (any Error) -> any Error

    /// Creates a stream with the chunks of `base` that throws what `transform` returns for an error.
    public init(
        _ base: any AsyncSequence<[UInt8], any Error> & Sendable,
        _ transform: @escaping @Sendable (any Error) -> any Error
    ) {
        self.base = base
        self.transform = transform
    }

    /// Starts reading.
    public func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), transform: transform)
    }

    /// Reads the base.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate var base: any AsyncIteratorProtocol<[UInt8], any Error>
        fileprivate let transform: @Sendable (any Error) -> any Error

        /// Returns the next chunk.
        public mutating func next() async throws -> [UInt8]? {
            do {
                return try await base.next(isolation: #isolation)
            } catch {
                throw transform(error)
            }
        }
    }
}
