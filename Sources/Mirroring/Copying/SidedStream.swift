// SPDX-License-Identifier: Apache-2.0

internal import Content

/// A stream whose errors say which side they came from.
///
/// A source that breaks in the middle of an upload would otherwise look like a fault of the target,
/// whose request it ends.
struct SidedStream: AsyncSequence, Sendable {
    private let base: ByteStream
    private let side: CopySide
    private let location: StoreLocation
    private let transfer: BlobTransfer

    /// Makes a stream that also tells how far it has been read.
    init(
        _ base: ByteStream, side: CopySide, location: StoreLocation, counting transfer: BlobTransfer
    ) {
        self.base = base
        self.side = side
        self.location = location
        self.transfer = transfer
    }

    func makeAsyncIterator() -> Iterator {
        Iterator(
            base: base.makeAsyncIterator(), side: side, location: location, transfer: transfer)
    }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var base: any AsyncIteratorProtocol<[UInt8], any Error>
        fileprivate let side: CopySide
        fileprivate let location: StoreLocation
        fileprivate let transfer: BlobTransfer
        private var offset = 0

        fileprivate init(
            base: any AsyncIteratorProtocol<[UInt8], any Error>, side: CopySide,
            location: StoreLocation, transfer: BlobTransfer
        ) {
            self.base = base
            self.side = side
            self.location = location
            self.transfer = transfer
        }

        mutating func next() async throws -> [UInt8]? {
            do {
                guard let piece = try await base.next(isolation: #isolation) else { return nil }
                offset += piece.count
                transfer.note(piece.count, endingAt: offset)
                return piece
            } catch let error as CancellationError {
                throw error
            } catch {
                throw CopyError(error, side: side, at: location)
            }
        }
    }
}
