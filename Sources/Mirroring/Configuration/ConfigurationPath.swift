// SPDX-License-Identifier: Apache-2.0

/// Paths of a configuration, relative to its file.
enum ConfigurationPath {
    /// Returns an absolute path without `.` and repeated slashes.
    ///
    /// `..` is kept, because its meaning after a symbolic link depends on the file system.
    static func absolute(_ path: String, in directory: String) -> String {
        let whole = path.hasPrefix("/") ? path : "\(directory)/\(path)"
        return "/" + whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    /// Returns a path with `..` resolved as if there were no symbolic links, for comparison only.
    static func comparable(_ path: String) -> String {
        var components: [Substring] = []
        for component in path.split(separator: "/") where component != "." {
            if component == ".." { _ = components.popLast() } else { components.append(component) }
        }
        return "/" + components.joined(separator: "/")
    }
}
