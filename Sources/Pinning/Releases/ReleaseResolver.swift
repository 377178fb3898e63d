// SPDX-License-Identifier: Apache-2.0

/// Looks the charts and values files of releases up in the files of a repository.
struct ReleaseResolver {
    /// A release with the paths of its files.
    struct Resolved {
        var values: ReleaseValues
        /// The directory of the chart; `nil` if it is not in the repository.
        let chart: String?
    }

    private(set) var tree: FileTree

    /// The maximum number of environments of one release.
    private static let limit = 64
    /// The maximum number of directories above a file from which paths can start.
    private static let levels = 16

    init(_ paths: [String]) { tree = FileTree(paths) }

    /// Returns a release with each chart and each combination of values files that it can have.
    ///
    /// - Parameters:
    ///   - release: The release.
    ///   - file: The path of the file with it.
    ///   - name: The name of the file for messages.
    /// - Returns: The releases.
    mutating func resolve(
        _ release: StatedRelease, in file: String, named name: String
    ) -> [Resolved] {
        let origins = Self.origins(of: release, in: file)
        let charts = charts(of: release, from: origins)
        return (charts.isEmpty ? [nil] : charts.map(Optional.some)).flatMap { chart in
            let directory = chart.map { LexicalPath.directory(of: $0.path) }
            let bases = (release.origin == .file ? [] : [directory].compactMap(\.self)) + origins
            return environments(of: release, from: bases, chart?.bindings ?? [:]).map { bindings in
                Resolved(
                    values: values(of: release, in: name, from: bases, bindings), chart: directory)
            }
        }
    }

    private static func origins(of release: StatedRelease, in file: String) -> [String] {
        switch release.origin {
        case .file: [LexicalPath.directory(of: file)]
        case .repository: Array(LexicalPath.directories(above: file).prefix(levels))
        }
    }

    /// Returns the files `Chart.yaml` of the charts that the release can have.
    private mutating func charts(
        of release: StatedRelease, from origins: [String]
    ) -> [FileTree.Match] {
        guard let stated = release.chart else { return [] }
        return origins.flatMap { origin in
            // Argo CD reads `/charts/web` from the root of the repository.
            tree.files(
                matching: FilePattern("\(stated.drop { $0 == "/" })/Chart.yaml", from: origin))
        }
    }

    /// Returns the texts of expressions with which the files of a release exist.
    private mutating func environments(
        of release: StatedRelease, from bases: [String], _ bindings: FilePattern.Bindings
    ) -> [FilePattern.Bindings] {
        var environments = [bindings]
        for case .file(let stated) in release.values.sources.map(\.content)
        where Self.hasExpressions(stated) {
            let found = Set(
                bases.flatMap { base in
                    tree.files(matching: Self.pattern(stated, from: base), bindings).map(\.bindings)
                })
            var next: [FilePattern.Bindings] = []
            var used: Set<FilePattern.Bindings> = []
            for environment in environments {
                let compatible = found.filter { $0.allSatisfy { environment[$0] ?? $1 == $1 } }
                used.formUnion(compatible)
                next +=
                    compatible.isEmpty
                    ? [environment] : compatible.map { environment.merging($0) { own, _ in own } }
            }
            environments = Array((next + found.subtracting(used)).prefix(Self.limit))
        }
        return environments
    }

    /// Returns the values of a release with the paths of its files.
    private mutating func values(
        of release: StatedRelease, in file: String, from bases: [String],
        _ bindings: FilePattern.Bindings
    ) -> ReleaseValues {
        var values = release.values
        for index in values.sources.indices {
            values.sources[index].file = values.sources[index].file ?? file
            guard case .file(let stated) = values.sources[index].content else { continue }
            var path: String?
            for base in bases where path == nil {
                path = tree.files(matching: Self.pattern(stated, from: base), bindings).first?.path
            }
            values.sources[index].content = path.map { .file($0) } ?? .missingFile(stated)
        }
        return values
    }

    private static func hasExpressions(_ stated: String) -> Bool {
        stated.contains("{{") || stated.contains(TemplatedYAML.begin)
    }

    /// Source: Argo CD, `valueFiles`: `$NAME/` is the root of another source, and `/` that of this one.
    private static func pattern(_ stated: String, from base: String) -> FilePattern {
        var stated = stated[...]
        if stated.hasPrefix("$"), let slash = stated.firstIndex(of: "/") {
            stated = stated[slash...].dropFirst()
        }
        return FilePattern(String(stated.drop { $0 == "/" }), from: base)
    }
}
