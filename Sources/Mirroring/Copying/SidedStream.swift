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

    init(_ base: ByteStream, side: CopySide, location: StoreLocation) {
        self.base = base
        self.side = side
        self.location = location
    }

    func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), side: side, location: location)
    }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var base: any AsyncIteratorProtocol<[UInt8], any Error>
        fileprivate let side: CopySide
        fileprivate let location: StoreLocation

        mutating func next() async throws -> [UInt8]? {
            do {
                return try await base.next(isolation: #isolation)
            } catch let error as CancellationError {
                throw error
            } catch {
                throw CopyError(error, side: side, at: location)
            }
        }
    }
}
