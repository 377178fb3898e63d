// SPDX-License-Identifier: Apache-2.0

/// The names in a directory.
struct DirectoryNames {
    /// The names without a dot, which are mostly those of directories, in a stable order.
    let withoutExtension: [String]
    /// The names of YAML files, in a stable order.
    let yamlFiles: [String]
    /// The names of YAML files by their words, in a stable order.
    private let files: [Substring: [String]]

    init(_ names: [String]) {
        withoutExtension = names.filter { !$0.contains(".") }.sorted()
        var files: [Substring: [String]] = [:]
        yamlFiles = names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
        for name in yamlFiles {
            for word in Self.words(of: name) { files[word, default: []].append(name) }
        }
        self.files = files
    }

    /// Returns the files whose names have all words of another name, and others.
    func files(extending name: String) -> [String] {
        let words = Self.words(of: name)
        let rarest = words.map { files[$0] ?? [] }.min { $0.count < $1.count }
        return (rarest ?? []).filter { $0 != name && words.isSubset(of: Self.words(of: $0)) }
    }

    /// The files that have values by their names.
    var valuesFiles: [String] { yamlFiles.filter(ValuesFile.isNamed) }

    /// Returns the words of the name of a file without its extension.
    private static func words(of name: String) -> Set<Substring> {
        Set(name[..<(name.lastIndex(of: ".") ?? name.endIndex)].split { "-_.".contains($0) })
    }
}
