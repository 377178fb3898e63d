// SPDX-License-Identifier: Apache-2.0

internal import Content

/// A stream that attributes its errors to a store and counts the bytes read.
///
/// Without it, a source that fails during an upload would look like a failure of the target, whose
/// request it ends.
struct AttributedStream: AsyncSequence, Sendable {
    private let base: ByteStream
    private let role: CopyRole
    private let location: StoreLocation
    private let transfer: BlobTransfer

    /// Creates a stream that reads `base` and reports its progress to `transfer`.
    init(
        _ base: ByteStream, role: CopyRole, location: StoreLocation, counting transfer: BlobTransfer
    ) {
        self.base = base
        self.role = role
        self.location = location
        self.transfer = transfer
    }

    func makeAsyncIterator() -> Iterator {
        Iterator(
            base: base.makeAsyncIterator(), role: role, location: location, transfer: transfer)
    }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var base: any AsyncIteratorProtocol<[UInt8], any Error>
        fileprivate let role: CopyRole
        fileprivate let location: StoreLocation
        fileprivate let transfer: BlobTransfer
        private var offset = 0

        fileprivate init(
            base: any AsyncIteratorProtocol<[UInt8], any Error>, role: CopyRole,
            location: StoreLocation, transfer: BlobTransfer
        ) {
            self.base = base
            self.role = role
            self.location = location
            self.transfer = transfer
        }

        mutating func next() async throws -> [UInt8]? {
            do {
                guard let chunk = try await base.next(isolation: #isolation) else { return nil }
                offset += chunk.count
                transfer.record(chunk.count, endingAt: offset)
                return chunk
            } catch let error as CancellationError {
                throw error
            } catch {
                throw CopyError(error, role: role, at: location)
            }
        }
    }
}
