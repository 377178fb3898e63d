// SPDX-License-Identifier: Apache-2.0

/// The permission to transfer the body of a large blob to or from a store.
///
/// It ends when it is released, at the latest with its last reference.
///
/// To avoid a deadlock, a task takes its permits in one order: first those for writing, sorted by
/// store, then at most one for reading.
public protocol TransferPermit: AnyObject, Sendable {
    /// Records that the transfer waits for no other permit, so that its throughput is measured.
    func start()

    /// Records that the source of the transfer has responded.
    func respond()

    /// Ends the permit; later calls do nothing.
    func release()
}

/// A stream that holds a permit until it ends or is dropped.
public struct PermittedStream: AsyncSequence, Sendable {
    private let base: ByteStream
    private let permit: any TransferPermit

    /// Creates a stream with the chunks of `base`.
    public init(_ base: ByteStream, holding permit: any TransferPermit) {
        self.base = base
        self.permit = permit
    }

    /// Starts reading.
    public func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), permit: permit)
    }

    /// Reads the base, and releases the permit at its end.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate var base: any AsyncIteratorProtocol<[UInt8], any Error>
        fileprivate let permit: any TransferPermit

        /// Returns the next chunk.
        ///
        /// - Throws: The error of the base.
        public mutating func next() async throws -> [UInt8]? {
            do {
                guard let chunk = try await base.next(isolation: #isolation) else {
                    permit.release()
                    return nil
                }
                return chunk
            } catch {
                permit.release()
                throw error
            }
        }
    }
}
