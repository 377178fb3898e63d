// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The parts of a path.
public enum Path {
    /// The directory that a path's last part is in: `.` for a lone name.
    public static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last part.
    static func name(of path: String) -> Substring {
        path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
    }

    /// The same file's path without symbolic links.
    static func resolved(_ path: String) throws(FileError) -> String {
        guard let resolved = unsafe realpath(path, nil) else {
            throw FileError(.inspect, path, .system(errno))
        }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}
