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

    /// The files that change the values of a file: those beside it whose names have all words of its
    /// name, such as `values-prod.yaml` beside `values.yaml`, those of a chart in directories below, and the
    /// overlays of a base directory.
    static func overlays(of file: String, in files: RepositoryFiles) -> [Overlay] {
        let directory = LexicalPath.directory(of: file)
        let name = String(file.dropFirst(directory.utf8.count))
        var paths = files.names(in: directory).files(extending: name).map { directory + $0 }
        if name == "values.yaml", files.values(in: "\(directory)Chart.yaml") != nil {
            paths += valuesFiles(ofChart: directory, in: files)
        }
        let steps = directory.split(separator: "/")
        if let last = steps.last, baseNames.contains(String(last)) {
            let outer = String(directory.dropLast(last.utf8.count + 1))
            paths += files.names(in: outer).withoutExtension
                .filter { !baseNames.contains($0) }.map { "\(outer)\($0)/\(name)" }
        }
        return paths.prefix(Self.maximumOverlays).compactMap { path in
            guard let values = files.values(in: path), values.root.entries != nil,
                values.root["apiVersion"] == nil
            else { return nil }
            return Overlay(path: path, values: values)
        }
    }

    /// The values files in directories of a chart, such as `environments/dev/values.yaml`.
    private static func valuesFiles(ofChart chart: String, in files: RepositoryFiles) -> [String] {
        var found: [String] = []
        var pending = [(directory: chart, depth: 0)][...]
        var budget = maximumOverlays
        while let (directory, depth) = pending.popFirst(), budget > 0 {
            budget -= 1
            let names = files.names(in: directory)
            if depth > 0 { found += names.files(with: "values").map { directory + $0 } }
            guard depth < 2 else { continue }
            for name in names.withoutExtension where !chartDirectories.contains(name) {
                pending.append(("\(directory)\(name)/", depth + 1))
            }
        }
        return found
    }

    /// The directories of a chart that do not have its values.
    private static let chartDirectories: Set<String> = ["charts", "templates", "crds"]

    /// The maximum number of overlays of a file, and of the directories, that are read.
    private static let maximumOverlays = 64

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
