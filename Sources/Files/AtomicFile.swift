// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Replacing and removing files so that every reader, and every crash, finds the old or the new.
public enum AtomicFile {
    /// Replaces a file, or makes it.
    ///
    /// - Parameters:
    ///   - path: the file; its directory must exist.
    ///   - bytes: all that it shall hold.
    ///   - permissions: who may read and write it.
    ///   - ifChanged: whether a file that holds these bytes already is left untouched.
    /// - Returns: whether it was written.
    /// - Throws: ``FileError``; the old file is then still there.
    @discardableResult
    public static func replace(
        _ path: String, with bytes: [UInt8], permissions: FilePermissions = .inherited,
        ifChanged: Bool = false
    ) throws(FileError) -> Bool {
        if ifChanged, try holds(path, bytes) { return false }
        var writer = try FileWriter(path, permissions: permissions)
        try writer.append(bytes)
        try writer.commit()
        return true
    }

    /// Makes a file, and never replaces one, not even one that comes in the meantime.
    ///
    /// - Parameters:
    ///   - path: the file; its directory must exist.
    ///   - bytes: all that it shall hold.
    /// - Returns: whether it was made; false where anything has that name, be it a symbolic link to
    ///   nothing.
    /// - Throws: ``FileError`` where it cannot be written.
    public static func create(_ path: String, with bytes: [UInt8]) throws(FileError) -> Bool {
        var writer = try FileWriter(path)
        try writer.append(bytes)
        do throws(FileError) {
            try writer.commitWithoutReplacing()
        } catch {
            guard error.isTaken else { throw error }
            return false
        }
        return true
    }

    /// Removes a file.
    ///
    /// - Returns: whether there was one.
    /// - Throws: ``FileError`` where it stays.
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

    private static func holds(_ path: String, _ bytes: [UInt8]) throws(FileError) -> Bool {
        guard let status = try FileStatus.of(path), status.kind == .regular,
            status.size == bytes.count
        else { return false }
        return try FileReader(path).read(at: 0, count: bytes.count + 1) == bytes
    }
}
