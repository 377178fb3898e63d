// SPDX-License-Identifier: Apache-2.0

/// Paths of a configuration, which are relative to its file.
enum ConfigurationPath {
    /// Returns an absolute path without `.` and repeated slashes.
    ///
    /// `..` stays: what lies above a symbolic link is for the file system to say.
    static func absolute(_ path: String, in directory: String) -> String {
        let whole = path.hasPrefix("/") ? path : "\(directory)/\(path)"
        return "/" + whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    /// Returns a path with `..` taken back as if there were no symbolic links, for comparing only.
    static func comparable(_ path: String) -> String {
        var components: [Substring] = []
        for component in path.split(separator: "/") where component != "." {
            if component == ".." { _ = components.popLast() } else { components.append(component) }
        }
        return "/" + components.joined(separator: "/")
    }
}
