// SPDX-License-Identifier: Apache-2.0

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
