// SPDX-License-Identifier: Apache-2.0

import Files

/// The files of the project.
enum Project {
    private static let root = Path.directory(
        of: Path.directory(of: Path.directory(of: #filePath)))

    /// Reads a file.
    static func text(_ path: String) throws -> String {
        String(decoding: try BoundedFile.read("\(root)/\(path)", limit: 1 << 20), as: UTF8.self)
    }

    /// Returns a Boolean value that indicates whether a file or directory exists.
    static func has(_ path: String) throws -> Bool {
        try FileStatus.of("\(root)/\(path)") != nil
    }

    /// Lists the paths of the files in a directory.
    static func files(in folder: String) throws -> [String] {
        try Directory.list("\(root)/\(folder)").map { "\(folder)/\($0)" }
    }

    /// All documents.
    static func documents() throws -> [Document] {
        let paths =
            ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "RELIABILITY.md"]
            + (try files(in: "Documentation").filter { $0.hasSuffix(".md") })
        return try paths.map { Document(path: $0, text: try text($0)) }
    }
}
