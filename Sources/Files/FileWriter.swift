// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Who may read and write a file that is written.
public enum FilePermissions: Hashable, Sendable {
    /// Those of the file that is replaced; for a new one, what the process's mask leaves of `0o666`.
    case inherited
    /// The owner alone, whatever they were before.
    case ownerOnly
}

/// A file that comes into being whole, or not at all.
///
/// Bytes go to a temporary file beside the final name. ``commit()`` syncs it, renames it and syncs the
/// directory; a writer that is dropped before removes the temporary and leaves what was there.
public struct FileWriter: ~Copyable, Sendable {
    /// The name under which the file will appear.
    public let path: String
    /// How many bytes have been written.
    public private(set) var byteCount = 0
    private let temporary: FileDescriptor
    private var isCommitted = false

    /// Starts a file.
    ///
    /// A symbolic link at `path` stays one: the file it leads to is replaced.
    ///
    /// - Parameters:
    ///   - path: the final name; its directory must exist.
    ///   - permissions: who may read and write it.
    /// - Throws: ``FileError`` where nothing can be written there.
    public init(_ path: String, permissions: FilePermissions = .inherited) throws(FileError) {
        let existing = try FileStatus.of(path)
        if let existing, existing.kind != .regular {
            throw FileError(.replace, path, .notRegular)
        }
        let final = try existing == nil ? path : Path.resolved(path)
        let temporary = try Self.makeTemporary(
            beside: final, like: permissions == .inherited ? existing : nil,
            permissions: permissions == .inherited && existing == nil ? 0o666 : 0o600)
        self.path = final
        self.temporary = temporary
    }

    /// Makes a file with a name that nobody can guess and take, or put a link at, beforehand.
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
            throw FileError(.write, path, error.cause)
        }
        guard let existing else { return temporary }
        let number = temporary.number
        if existing.owner != geteuid() {
            // Only root can give a file away; for anybody else the new file is simply theirs.
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

    /// Adds bytes at the end.
    ///
    /// - Throws: ``FileError``, after which the writer can only be dropped.
    public mutating func append(_ bytes: [UInt8]) throws(FileError) {
        do throws(FileError) {
            try temporary.write(bytes)
        } catch {
            throw FileError(.write, path, error.cause)
        }
        byteCount += bytes.count
    }

    /// Makes the file appear under its name, all at once.
    ///
    /// - Throws: ``FileError``; what was there before is then still there, unless only the last step
    ///   failed, the sync of the directory.
    public consuming func commit() throws(FileError) {
        let (path, source, number) = (path, temporary.path, temporary.number)
        try system(.write, path) { fsync(number) }
        try system(.replace, path) { unsafe rename(source, path) }
        isCommitted = true
        try Directory.sync(Path.directory(of: path))
    }

    /// Makes the file appear under its name, all at once, unless anything has that name by then.
    ///
    /// - Throws: ``FileError``, with ``FileError/isTaken`` where something is there, which stays.
    ///
    /// Source: link(2), which unlike rename(2) replaces nothing, and fails with `EPERM` or `EOPNOTSUPP`
    /// on file systems without hard links (FAT). There the name is taken by an empty file first.
    public consuming func commitWithoutReplacing() throws(FileError) {
        let (path, source, number) = (path, temporary.path, temporary.number)
        try system(.write, path) { fsync(number) }
        do throws(FileError) {
            // The temporary's own name goes with the writer.
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
