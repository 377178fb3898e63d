// SPDX-License-Identifier: Apache-2.0

import Files

/// The files of the project that these tests were built from.
enum Project {
    private static let root = Path.directory(
        of: Path.directory(of: Path.directory(of: #filePath)))

    /// Reads a file.
    static func text(_ path: String) throws -> String {
        String(decoding: try BoundedFile.read("\(root)/\(path)", limit: 1 << 20), as: UTF8.self)
    }

    /// Whether there is such a file or folder.
    static func has(_ path: String) throws -> Bool {
        try FileStatus.of("\(root)/\(path)") != nil
    }

    /// Lists the paths of the files in a folder.
    static func files(in folder: String) throws -> [String] {
        try Directory.list("\(root)/\(folder)").map { "\(folder)/\($0)" }
    }

    /// Everything that is written for people.
    static func documents() throws -> [Document] {
        let paths =
            ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]
            + (try files(in: "Documentation").filter { $0.hasSuffix(".md") })
        return try paths.map { Document(path: $0, text: try text($0)) }
    }
}
