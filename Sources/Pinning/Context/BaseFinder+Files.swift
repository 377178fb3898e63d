// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// Files with the values of a chart, by their names.
extension BaseFinder {
    /// The files beside the overlay whose names have some of the words of its name.
    static func partialNames(of file: String) -> [String] {
        let directory = LexicalPath.directory(of: file)
        let name = file.dropFirst(directory.utf8.count)
        guard let dot = name.lastIndex(of: ".") else { return [] }
        let words = name[..<dot].split { "-_.".contains($0) }
        guard (2...maximumWords).contains(words.count) else { return [] }
        let separators = name[..<dot].filter { "-_.".contains($0) }
        return (1..<((1 << words.count) - 1)).map { bits in
            let kept = words.indices.filter { bits & (1 << $0) != 0 }.map { words[$0] }
            return directory + kept.joined(separator: String(separators.prefix(1))) + name[dot...]
        }
    }

    /// The maximum number of words in the name of an overlay whose parts are looked up.
    private static let maximumWords = 5

    /// Returns the path of a file of values that a release names; `nil` if there is none.
    ///
    /// Source: Argo CD, `valueFiles`: `$NAME/` is the root of another source.
    func file(ofRelease stated: String) -> String? {
        var stated = stated[...]
        if stated.hasPrefix("$"), let slash = stated.firstIndex(of: "/") {
            stated = stated[slash...].dropFirst()
        }
        return directories.lazy.map {
            LexicalPath.steps(of: "\($0)\(stated)").joined(separator: "/")
        }
        .first { files.values(in: $0) != nil }
    }

    /// Returns the files of base overlays; an overlay in `DIR/dev/web.yaml` changes
    /// `DIR/base/web.yaml`.
    static func baseFiles(of file: String, in directory: String) -> [String] {
        let below = file.dropFirst(directory.count).split(separator: "/")
        let rest = below.dropFirst().joined(separator: "/")
        return (rest.isEmpty ? [] : baseNames.map { "\(directory)\($0)/\(rest)" })
            + baseNames.map { "\(directory)\($0)/values.yaml" }
    }
}
