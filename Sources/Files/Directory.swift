// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Making, listing and syncing directories.
public enum Directory {
    /// Makes a directory and those above it; one that exists is left as it is.
    ///
    /// - Parameters:
    ///   - path: the directory.
    ///   - permissions: `ownerOnly` keeps all others out of what is made.
    /// - Throws: ``FileError`` where it cannot be made, or something else has its name.
    public static func create(
        _ path: String, permissions: FilePermissions = .inherited
    ) throws(FileError) {
        if try FileStatus.of(path)?.kind == .directory { return }
        let parent = Path.directory(of: path)
        if parent != path { try create(parent, permissions: permissions) }
        do throws(FileError) {
            try system(.create, path) {
                unsafe mkdir(path, permissions == .ownerOnly ? 0o700 : 0o777)
            }
        } catch {
            // Another process may have made it meanwhile.
            guard error.cause == .system(EEXIST), try FileStatus.of(path)?.kind == .directory
            else { throw error }
            return
        }
        try sync(parent)
    }

    /// Lists the names in a directory, sorted, without `.` and `..`.
    ///
    /// - Throws: ``FileError`` where it cannot be read.
    public static func list(_ path: String) throws(FileError) -> [String] {
        guard !path.utf8.contains(0) else { throw FileError(.list, path, .invalidName) }
        guard let stream = unsafe opendir(path) else {
            throw FileError(.list, path, .system(errno))
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                guard errno == 0 else { throw FileError(.list, path, .system(errno)) }
                return names.sorted()
            }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    /// Makes the names in a directory survive a loss of power.
    static func sync(_ path: String) throws(FileError) {
        let directory = try FileDescriptor(path, O_RDONLY | O_DIRECTORY, for: .write)
        do throws(FileError) {
            try directory.sync()
        } catch {
            // Some network file systems cannot sync a directory; they have nothing to lose by it.
            guard error.cause == .system(EINVAL) else { throw error }
        }
    }
}
