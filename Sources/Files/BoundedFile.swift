// SPDX-License-Identifier: Apache-2.0

/// Reading whole files that somebody else may have made: never more than a limit, never a pipe.
public enum BoundedFile {
    /// Reads a regular file.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - limit: how many bytes it may hold.
    ///   - followsLinks: whether the path may be a symbolic link.
    /// - Returns: all its bytes.
    /// - Throws: ``FileError`` where it cannot be read, is no regular file or is larger.
    public static func read(
        _ path: String, limit: Int, followsLinks: Bool = true
    ) throws(FileError) -> [UInt8] {
        let file = try FileReader(path, followsLinks: followsLinks)
        guard file.status.size <= limit else {
            throw FileError(.read, path, .tooLarge(limit: limit))
        }
        // The stated size is a hint only: the file may grow, and files of /proc state none.
        var bytes: [UInt8] = []
        var wanted = file.status.size + 1
        while true {
            let piece = try file.read(at: bytes.count, count: wanted)
            guard !piece.isEmpty else { return bytes }
            bytes += piece
            guard bytes.count <= limit else {
                throw FileError(.read, path, .tooLarge(limit: limit))
            }
            wanted = 64 << 10
        }
    }
}
