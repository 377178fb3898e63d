// SPDX-License-Identifier: Apache-2.0

/// Paths of files and directories, absolute or relative to the working directory, without access to
/// the file system.
///
/// A directory is empty or ends with a slash.
public enum LexicalPath {
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
        let isOutside = directory.split(separator: "/").first == ".."
        let path = directory + stated
        guard steps(of: path).first != ".." || isOutside else { return nil }
        return normalizedDirectory(path)
    }

    /// Returns a directory without the steps `.`, and without `..` after another step.
    public static func normalizedDirectory(_ path: String) -> String {
        (path.hasPrefix("/") ? "/" : "") + steps(of: path).map { "\($0)/" }.joined()
    }

    /// Returns the steps of a path without `.`, and without `..` after another step or at the root.
    public static func steps(of path: String) -> [Substring] {
        var steps: [Substring] = []
        for step in path.split(separator: "/") where step != "." {
            if step != ".." {
                steps.append(step)
            } else if let last = steps.last, last != ".." {
                steps.removeLast()
            } else if !path.hasPrefix("/") {
                steps.append(step)
            }
        }
        return steps
    }
}
