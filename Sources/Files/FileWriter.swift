// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The permissions of a file that is written.
public enum FilePermissions: Hashable, Sendable {
    /// Those of the replaced file; `0o666` without the process's umask for a new file.
    case inherited
    /// Read and write for the owner only, whatever they were before.
    case ownerOnly
}

/// Writes a file atomically.
///
/// The bytes are written to a temporary file in the same directory. ``commit()`` syncs it, renames
/// it and syncs the directory. A writer that is released before deletes the temporary file and
/// leaves the existing file unchanged.
public struct FileWriter: ~Copyable, Sendable {
    /// The path of the file.
    public let path: String
    /// The number of bytes that have been written.
    public private(set) var byteCount = 0
    private let temporary: FileDescriptor
    private var isCommitted = false

    /// Creates the temporary file.
    ///
    /// If `path` is a symbolic link, the file that it refers to is replaced.
    ///
    /// - Parameters:
    ///   - path: The path of the file; its directory must exist.
    ///   - permissions: The permissions of the file.
    /// - Throws: ``FileError`` if the file cannot be created.
    public init(_ path: String, permissions: FilePermissions = .inherited) throws(FileError) {
        let existing = try FileStatus.of(path)
        if let existing, existing.kind != .regular {
            throw FileError(.replace, path, cause: .notRegular)
        }
        let final = try existing == nil ? path : Path.resolved(path)
        let temporary = try Self.makeTemporary(
            beside: final, like: permissions == .inherited ? existing : nil,
            permissions: permissions == .inherited && existing == nil ? 0o666 : 0o600)
        self.path = final
        self.temporary = temporary
    }

    /// Creates a file with an unpredictable name, so that no other process can create it first.
    private static func makeTemporary(
        beside path: String, like existing: FileStatus?, permissions: mode_t
    ) throws(FileError) -> FileDescriptor {
        let stem = String(decoding: Path.name(of: path).utf8.prefix(64), as: UTF8.self)
        let name = ".\(stem).\(UInt64.random(in: 0 ... .max)).tmp"
        let temporary: FileDescriptor
        do throws(FileError) {
            temporary = try FileDescriptor(
                Path.directory(of: path) + "/" + name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                permissions: permissions)
        } catch {
            throw FileError(.write, path, cause: error.cause)
        }
        guard let existing else { return temporary }
        let number = temporary.number
        if existing.owner != geteuid() {
            // Only root can change the owner; otherwise the new file belongs to the current user.
            _ = fchown(number, existing.owner, existing.group)
        }
        do throws(FileError) {
            try system(.write, path) { fchmod(number, existing.permissions & 0o777) }
        } catch {
            _ = unsafe unlink(temporary.path)
            throw error
        }
        return temporary
    }

    deinit {
        if !isCommitted { _ = unsafe unlink(temporary.path) }
    }

    /// Appends bytes.
    ///
    /// - Throws: ``FileError``; the writer must not be used afterwards.
    public mutating func append(_ bytes: [UInt8]) throws(FileError) {
        do throws(FileError) {
            try temporary.write(bytes)
        } catch {
            throw FileError(.write, path, cause: error.cause)
        }
        byteCount += bytes.count
    }

    /// Replaces the file atomically.
    ///
    /// - Throws: ``FileError``; the existing file is then unchanged, unless only the last step
    ///   failed, the sync of the directory.
    public consuming func commit() throws(FileError) {
        let (path, source, number) = (path, temporary.path, temporary.number)
        try system(.write, path) { fsync(number) }
        try system(.replace, path) { unsafe rename(source, path) }
        isCommitted = true
        try Directory.sync(Path.directory(of: path))
    }

    /// Creates the file atomically, and replaces nothing.
    ///
    /// - Throws: ``FileError``, with ``FileError/isTaken`` if the path exists.
    ///
    /// Source: link(2), which unlike rename(2) replaces nothing, and fails with `EPERM` or
    /// `EOPNOTSUPP` on file systems without hard links (FAT). There an empty file is created first.
    public consuming func commitWithoutReplacing() throws(FileError) {
        let (path, source, number) = (path, temporary.path, temporary.number)
        try system(.write, path) { fsync(number) }
        do throws(FileError) {
            // The deinitializer deletes the temporary name.
            try system(.create, path) { unsafe link(source, path) }
        } catch {
            guard [.system(EPERM), .system(EOPNOTSUPP)].contains(error.cause) else { throw error }
            _ = try FileDescriptor(
                path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, permissions: 0o600, for: .create)
            try system(.create, path) { unsafe rename(source, path) }
            isCommitted = true
        }
        try Directory.sync(Path.directory(of: path))
    }
}
