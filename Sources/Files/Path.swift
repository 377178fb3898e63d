// SPDX-License-Identifier: Apache-2.0

internal import Glibc

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
    static func resolved(_ path: String) throws(FileError) -> String {
        guard let resolved = unsafe realpath(path, nil) else {
            throw FileError(.inspect, path, cause: .system(errno))
        }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}
