// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A regular file that is open for concurrent reads at any offset.
public final class FileReader: Sendable {
    private let descriptor: FileDescriptor
    /// The metadata at the time of opening.
    public let status: FileStatus

    /// The path as it was passed.
    public var path: String { descriptor.path }

    /// Opens a file.
    ///
    /// The file must be a regular file; a pipe or a device is rejected immediately.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - followsLinks: Whether the path may be a symbolic link.
    /// - Throws: ``FileError`` if the file cannot be opened or is not a regular file.
    public init(_ path: String, followsLinks: Bool = true) throws(FileError) {
        // O_NONBLOCK: opening a FIFO would wait for its writer. It does not affect a regular file.
        let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | (followsLinks ? 0 : O_NOFOLLOW)
        do throws(FileError) {
            self.descriptor = try FileDescriptor(path, flags, for: .read)
        } catch {
            guard !followsLinks, error.cause == .system(ELOOP) else { throw error }
            throw FileError(.read, path, cause: .symbolicLink)
        }
        self.status = try descriptor.status()
        guard status.kind == .regular else { throw FileError(.read, path, cause: .notRegular) }
    }

    /// Reads up to `count` bytes at an offset; fewer at the end of the file, none after it.
    public func read(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        try descriptor.read(at: offset, count: count)
    }

    /// Returns the file in chunks of `byteCount` bytes, read on demand.
    public func chunks(of byteCount: Int = 128 << 10) -> FileChunks {
        precondition(byteCount > 0, "byteCount must be positive")
        return FileChunks(reader: self, byteCount: byteCount)
    }
}

/// The bytes of a file in chunks; every iteration begins at the start.
public struct FileChunks: AsyncSequence, Sendable {
    fileprivate let reader: FileReader
    fileprivate let byteCount: Int

    /// Starts reading.
    public func makeAsyncIterator() -> Iterator {
        Iterator(reader: reader, byteCount: byteCount)
    }

    /// The offset in the file.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let reader: FileReader
        fileprivate let byteCount: Int
        private var offset = 0

        fileprivate init(reader: FileReader, byteCount: Int) {
            self.reader = reader
            self.byteCount = byteCount
        }

        /// Returns the next chunk; `nil` at the end of the file.
        ///
        /// - Throws: ``FileError``, or the error of a canceled task.
        public mutating func next() async throws -> [UInt8]? {
            try Task.checkCancellation()
            // A read can block, and the executor of the task may be the thread of all connections.
            let chunk = try await withTaskExecutorPreference(globalConcurrentExecutor) {
                try reader.read(at: offset, count: byteCount)
            }
            offset += chunk.count
            return chunk.isEmpty ? nil : chunk
        }
    }
}

/// Reads whole files of other programs: limited in size, and never from a pipe.
public enum BoundedFile {
    /// Reads a regular file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - limit: The maximum size in bytes.
    ///   - followsLinks: Whether the path may be a symbolic link.
    /// - Returns: The content.
    /// - Throws: ``FileError`` if the file cannot be read, is not a regular file, or is larger.
    public static func read(
        _ path: String, limit: Int, followsLinks: Bool = true
    ) throws(FileError) -> [UInt8] {
        let file = try FileReader(path, followsLinks: followsLinks)
        guard file.status.size <= limit else {
            throw FileError(.read, path, cause: .tooLarge(limit: limit))
        }
        // The reported size is only a hint: the file may grow, and files of /proc report none.
        var bytes: [UInt8] = []
        var wanted = file.status.size + 1
        while true {
            let chunk = try file.read(at: bytes.count, count: wanted)
            guard !chunk.isEmpty else { return bytes }
            bytes += chunk
            guard bytes.count <= limit else {
                throw FileError(.read, path, cause: .tooLarge(limit: limit))
            }
            wanted = 64 << 10
        }
    }
}
