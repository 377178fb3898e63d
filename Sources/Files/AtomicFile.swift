// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Atomic replacement and removal: readers find the old or the new file, also after a crash.
public enum AtomicFile {
    /// Replaces or creates a file.
    ///
    /// - Parameters:
    ///   - path: The file; its directory must exist.
    ///   - bytes: The new content.
    ///   - permissions: The permissions of the file.
    ///   - ifChanged: Whether to leave a file unchanged that already has this content.
    /// - Returns: Whether the file was written.
    /// - Throws: ``FileError``; the old file is then unchanged.
    @discardableResult
    public static func replace(
        _ path: String, with bytes: [UInt8], permissions: FilePermissions = .inherited,
        ifChanged: Bool = false
    ) throws(FileError) -> Bool {
        if ifChanged, try hasContent(path, bytes) { return false }
        var writer = try FileWriter(path, permissions: permissions)
        try writer.append(bytes)
        try writer.commit()
        return true
    }

    /// Creates a file, and never replaces one, even if it is created concurrently.
    ///
    /// - Parameters:
    ///   - path: The file; its directory must exist.
    ///   - bytes: The content.
    /// - Returns: Whether the file was created; `false` if the path exists, even as a symbolic link
    ///   to a missing file.
    /// - Throws: ``FileError`` if the file cannot be written.
    public static func create(_ path: String, with bytes: [UInt8]) throws(FileError) -> Bool {
        var writer = try FileWriter(path)
        try writer.append(bytes)
        do throws(FileError) {
            try writer.commitWithoutReplacing()
        } catch {
            guard error.alreadyExists else { throw error }
            return false
        }
        return true
    }

    /// Removes a file.
    ///
    /// - Returns: Whether the file existed.
    /// - Throws: ``FileError`` if the file cannot be removed.
    @discardableResult
    public static func remove(_ path: String) throws(FileError) -> Bool {
        do throws(FileError) {
            try system(.remove, path) { unsafe unlink(path) }
        } catch {
            guard error.isMissing else { throw error }
            return false
        }
        return true
    }

    private static func hasContent(_ path: String, _ bytes: [UInt8]) throws(FileError) -> Bool {
        guard let status = try FileStatus.of(path), status.kind == .regular,
            status.size == bytes.count
        else { return false }
        return try FileReader(path).read(at: 0, count: bytes.count + 1) == bytes
    }
}
