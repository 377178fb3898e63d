// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// Files with values that apply after those of another file, by their names.
extension BaseFinder {
    /// The files that change the values of a file: those beside it whose names have all words of its
    /// name, such as `values-prod.yaml` beside `values.yaml`, those for a chart in directories below and
    /// above, and the overlays of a base directory.
    static func overlays(of file: String, in files: RepositoryFiles) -> [Overlay] {
        let directory = LexicalPath.directory(of: file)
        let name = String(file.dropFirst(directory.utf8.count))
        var paths = files.names(in: directory).files(extending: name).map { directory + $0 }
        if name == ValuesFile.defaultName, files.values(in: "\(directory)Chart.yaml") != nil {
            paths += valuesFiles(ofChart: directory, in: files)
            paths += valuesFiles(aroundChart: directory, in: files)
        }
        let steps = directory.split(separator: "/")
        if let last = steps.last, baseNames.contains(String(last)) {
            let outer = String(directory.dropLast(last.utf8.count + 1))
            paths += files.names(in: outer).withoutExtension
                .filter { !baseNames.contains($0) }.map { "\(outer)\($0)/\(name)" }
        }
        return paths.prefix(Self.maximumOverlays).compactMap { path in
            guard let values = files.values(in: path), ValuesFile.isMapping(values.root) else {
                return nil
            }
            return Overlay(path: path, values: values)
        }
    }

    /// Returns the values files in directories of a chart, such as `environments/dev/values.yaml` and
    /// `envs/prod.yaml`.
    private static func valuesFiles(ofChart chart: String, in files: RepositoryFiles) -> [String] {
        var found: [String] = []
        var pending = [(directory: chart, depth: 0, isForValues: false)][...]
        var budget = maximumOverlays
        while let (directory, depth, isForValues) = pending.popFirst(), budget > 0 {
            budget -= 1
            let names = files.names(in: directory)
            if isForValues {
                found += names.yamlFiles.map { directory + $0 }.filter(files.contains)
            } else if depth > 0 {
                found += names.valuesFiles.map { directory + $0 }
            }
            guard depth < 2 else { continue }
            for name in names.withoutExtension where !chartDirectories.contains(name) {
                pending.append(
                    (
                        "\(directory)\(name)/", depth + 1,
                        isForValues || environmentNames.contains(name)
                    ))
            }
        }
        return found
    }

    /// Returns the values files in the directories above a chart that no release names, and that are not
    /// those of another chart by their names: `values-prod.yaml` and `envs/prod.yaml`.
    private static func valuesFiles(
        aroundChart chart: String, in files: RepositoryFiles
    ) -> [String] {
        let name = chart.split(separator: "/").last.map(String.init) ?? ""
        var found: [String] = []
        for directory in LexicalPath.directories(above: String(chart.dropLast())).prefix(2) {
            let names = files.names(in: directory)
            // The values of a chart around this one have other paths.
            guard files.values(in: "\(directory)Chart.yaml") == nil else { break }
            let environments = names.withoutExtension.filter(environmentNames.contains)
            let below = environments.flatMap { environment -> [String] in
                let outer = "\(directory)\(environment)/"
                let names = files.names(in: outer)
                return names.yamlFiles.map { outer + $0 }
                    + names.withoutExtension.flatMap { name in
                        files.names(in: "\(outer)\(name)").yamlFiles.map { "\(outer)\(name)/\($0)" }
                    }
            }
            found += names.valuesFiles.filter { !ValuesFile.isDefault($0) }.map { directory + $0 }
            found += below
        }
        let charts = files.chartNames
        let own = found.filter { path in
            guard files.contains(path), !files.isNamedByRelease(path) else { return false }
            let named = path.split(separator: "/").lazy.flatMap(chartNames).filter(charts.contains)
            return named.isEmpty || named.contains(name)
        }
        return Array(own.prefix(maximumOverlays))
    }

    /// Returns the names of charts that a step of a path can contain: `web` of `web-prod.yaml`.
    private static func chartNames(in step: Substring) -> [String] {
        let name = step.prefix { $0 != "." }
        let dashes = name.indices.filter { name[$0] == "-" }.prefix(8)
        return [String(name)]
            + dashes.flatMap { [String(name[..<$0]), String(name[$0...].dropFirst())] }
    }

    /// The directories with values for environments.
    private static let environmentNames: Set<String> = [
        "env", "envs", "environment", "environments", "values", "stages", "clusters", "overlays",
    ]

    /// The directories of a chart that do not have its values.
    private static let chartDirectories: Set<String> = ["charts", "templates", "crds"]

    /// The maximum number of overlays of a file, and of the directories, that are read.
    private static let maximumOverlays = 64
}
