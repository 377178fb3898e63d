// SPDX-License-Identifier: Apache-2.0

/// Paths of files and directories relative to the working directory.
///
/// A directory is empty or ends with a slash.
enum RelativePath {
    /// Returns the directory of a file.
    static func directory(of file: String) -> String {
        file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    }

    /// Returns the directory of a file and those above it, the nearest first.
    ///
    /// The directories above a final `..` have no known names.
    static func directories(above file: String) -> [String] {
        var parts = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        var result: [String] = []
        while let last = parts.last {
            result.append(parts.joined(separator: "/") + "/")
            guard last != ".." else { return result }
            parts.removeLast()
        }
        return file.hasPrefix("/") ? result : result + [""]
    }

    /// Returns a directory that a file states relative to another one, without the steps `.` and
    /// `..`; `nil` if it is absolute, or outside of the tree in which the other one is.
    static func directory(_ stated: String, from directory: String) -> String? {
        guard !stated.hasPrefix("/") else { return nil }
        var parts: [Substring] = []
        for part in (directory + stated).split(separator: "/", omittingEmptySubsequences: false) {
            switch part {
            case ".": continue
            case "" where !parts.isEmpty: continue
            case ".." where parts.last.map { $0 != ".." && !$0.isEmpty } ?? false:
                parts.removeLast()
            default: parts.append(part)
            }
        }
        let isOutside = directory.split(separator: "/").first == ".."
        guard parts.first != ".." || isOutside else { return nil }
        let path = parts.joined(separator: "/")
        return path.isEmpty ? "" : "\(path)/"
    }
}
