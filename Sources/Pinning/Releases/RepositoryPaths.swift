// SPDX-License-Identifier: Apache-2.0

/// The names of files of a repository: relative to the working directory for users, and one name for
/// each file in tables.
struct RepositoryPaths: Sendable {
    /// The steps of the working directory; none if all paths are relative to it.
    private let workingDirectory: [Substring]

    init(in workingDirectory: String) {
        self.workingDirectory = LexicalPath.steps(of: workingDirectory)
    }

    /// Returns the path by which tables name a file: from the root of the file system, without a slash.
    func canonical(_ path: String) -> String {
        guard !path.hasPrefix("/"), !workingDirectory.isEmpty else {
            return LexicalPath.steps(of: path).joined(separator: "/")
        }
        return LexicalPath.steps(of: "/\(workingDirectory.joined(separator: "/"))/\(path)")
            .joined(separator: "/")
    }

    /// Returns the path relative to the working directory.
    func shown(_ canonical: String) -> String {
        guard !workingDirectory.isEmpty else { return canonical }
        let steps = canonical.split(separator: "/")
        let common = zip(steps, workingDirectory).prefix { $0 == $1 }.count
        let up = Array(repeating: "..", count: workingDirectory.count - common)
        return (up + steps.dropFirst(common).map(String.init)).joined(separator: "/")
    }
}
