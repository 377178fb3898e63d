// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Creates, lists and syncs directories.
public enum Directory {
    /// Creates a directory and its parents; an existing one is unchanged.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - permissions: `ownerOnly` denies other users access to the created directories.
    /// - Throws: ``FileError`` if the directory cannot be created, or the path is not a directory.
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
            // Another process may have created it concurrently.
            guard error.cause == .system(EEXIST), try FileStatus.of(path)?.kind == .directory
            else { throw error }
            return
        }
        try sync(parent)
    }

    /// Returns the names in a directory, sorted, without `.` and `..`.
    ///
    /// - Throws: ``FileError`` if the directory cannot be read.
    public static func list(_ path: String) throws(FileError) -> [String] {
        guard !path.utf8.contains(0) else { throw FileError(.list, path, cause: .invalidName) }
        guard let stream = unsafe opendir(path) else {
            throw FileError(.list, path, cause: .system(errno))
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                guard errno == 0 else { throw FileError(.list, path, cause: .system(errno)) }
                return names.sorted()
            }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    /// Makes the names in a directory durable.
    static func sync(_ path: String) throws(FileError) {
        let directory = try FileDescriptor(path, O_RDONLY | O_DIRECTORY, for: .write)
        do throws(FileError) {
            try directory.sync()
        } catch {
            // Some network file systems cannot sync a directory, and do not need to.
            guard error.cause == .system(EINVAL) else { throw error }
        }
    }
}

/// The components of a path.
public enum Path {
    /// The directory that contains the last component; `.` for a single name.
    public static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last component.
    static func name(of path: String) -> Substring {
        path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
    }

    /// Returns the path of the same file without symbolic links.
    public static func resolved(_ path: String) throws(FileError) -> String {
        guard let resolved = unsafe realpath(path, nil) else {
            throw FileError(.inspect, path, cause: .system(errno))
        }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}
