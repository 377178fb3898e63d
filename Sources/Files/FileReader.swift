// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A regular file, open for reading at any place by any number of readers.
public final class FileReader: Sendable {
    private let descriptor: FileDescriptor
    /// The status at the time of opening.
    public let status: FileStatus

    /// The path as it was given.
    public var path: String { descriptor.path }

    /// Opens a file.
    ///
    /// Only a regular file will do; a pipe or a device is refused at once instead of waited for.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - followsLinks: whether the path may be a symbolic link.
    /// - Throws: ``FileError`` where it cannot be opened or is no regular file.
    public init(_ path: String, followsLinks: Bool = true) throws(FileError) {
        // O_NONBLOCK: opening a FIFO would wait for its writer. It means nothing to a regular file.
        let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | (followsLinks ? 0 : O_NOFOLLOW)
        do throws(FileError) {
            self.descriptor = try FileDescriptor(path, flags, for: .read)
        } catch {
            guard !followsLinks, error.cause == .system(ELOOP) else { throw error }
            throw FileError(.read, path, .symbolicLink)
        }
        self.status = try descriptor.status()
        guard status.kind == .regular else { throw FileError(.read, path, .notRegular) }
    }

    /// Reads up to `count` bytes at a place; fewer at the end of the file, none behind it.
    public func read(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        try descriptor.read(at: offset, count: count)
    }

    /// The file in pieces of `byteCount` bytes, read as they are asked for.
    public func pieces(of byteCount: Int = 128 << 10) -> FilePieces {
        precondition(byteCount > 0, "a piece has bytes")
        return FilePieces(reader: self, byteCount: byteCount)
    }
}

/// A file's bytes in pieces; every iteration begins at its start.
public struct FilePieces: AsyncSequence, Sendable {
    fileprivate let reader: FileReader
    fileprivate let byteCount: Int

    /// Starts reading.
    public func makeAsyncIterator() -> Iterator {
        Iterator(reader: reader, byteCount: byteCount)
    }

    /// The place in the file.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let reader: FileReader
        fileprivate let byteCount: Int
        private var offset = 0

        fileprivate init(reader: FileReader, byteCount: Int) {
            self.reader = reader
            self.byteCount = byteCount
        }

        /// Returns the next piece, nil at the end of the file.
        ///
        /// - Throws: ``FileError``, or the error of a task that was cancelled.
        public mutating func next() async throws -> [UInt8]? {
            try Task.checkCancellation()
            let piece = try reader.read(at: offset, count: byteCount)
            offset += piece.count
            return piece.isEmpty ? nil : piece
        }
    }
}
