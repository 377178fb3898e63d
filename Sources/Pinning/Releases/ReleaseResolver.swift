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
    private static let limit = 256
    /// The maximum number of directories above a file from which paths can start.
    private static let levels = 16
    /// The name of the expression with the name of a release in a Helmfile.
    private static let releaseName: Substring = "Release.Name"
    /// The name of the expression with the environment of a Helmfile.
    private static let environmentName: Substring = "Environment.Name"

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
        let names = Set(charts.compactMap { $0.path.split(separator: "/").dropLast().last })
        return (charts.isEmpty ? [nil] : charts.map(Optional.some)).flatMap { chart in
            let directory = chart.map { LexicalPath.directory(of: $0.path) }
            let bases = (release.origin == .file ? [] : [directory].compactMap(\.self)) + origins
            let environments = environments(
                of: release, from: bases, chart?.bindings ?? Self.bindings(of: release),
                amongCharts: names)
            return environments.all.map { bindings in
                Resolved(
                    values: values(
                        of: release, in: name, from: bases, bindings, environments.unknown),
                    chart: directory)
            }
        }
    }

    private static func origins(of release: StatedRelease, in file: String) -> [String] {
        switch release.origin {
        case .file: [LexicalPath.directory(of: file)]
        case .repository: Array(LexicalPath.directories(above: file).prefix(levels))
        }
    }

    /// Returns the texts of expressions that a release states itself.
    ///
    /// Source: Helmfile, § Template functions: `.Release.Name`.
    private static func bindings(of release: StatedRelease) -> FilePattern.Bindings {
        guard let name = release.values.name, !TemplatedYAML.hasExpressions(name) else {
            return [:]
        }
        return [releaseName: name[...]]
    }

    /// Returns the files `Chart.yaml` of the charts that the release can have.
    private mutating func charts(
        of release: StatedRelease, from origins: [String]
    ) -> [FileTree.Match] {
        guard let stated = release.chart else { return [] }
        let bindings = Self.bindings(of: release)
        return origins.flatMap { origin in
            // Argo CD reads `/charts/web` from the root of the repository.
            let pattern = FilePattern("\(stated.drop { $0 == "/" })/Chart.yaml", from: origin)
            return tree.files(matching: pattern, bindings, limit: .max).all
        }
    }

    /// The texts of expressions with which the files of a release exist.
    private struct Environments {
        var all: [FilePattern.Bindings]
        /// The reasons for which not all files of a path with expressions are known, by the path.
        var unknown: [String: String] = [:]
    }

    /// Returns the texts of expressions with which the files of a release exist.
    private mutating func environments(
        of release: StatedRelease, from bases: [String], _ bindings: FilePattern.Bindings,
        amongCharts charts: Set<Substring>
    ) -> Environments {
        var environments = Environments(all: [bindings])
        for source in release.values.sources {
            guard case .file(let stated) = source.content, TemplatedYAML.hasExpressions(stated)
            else { continue }
            let matches = matches(of: stated, from: bases, bindings)
            if matches.isLimited {
                environments.unknown[stated] = "\(stated) can be too many files to compare"
            } else if matches.all.isEmpty, !source.isOptional {
                environments.unknown[stated] =
                    "\(stated) matches no file and may change the image"
            }
            let found = Set(matches.all.map(\.bindings)).filter { bindings in
                guard let environment = bindings[Self.environmentName] else { return true }
                return release.isEnvironment(environment, amongCharts: charts)
            }
            var next: [FilePattern.Bindings] = []
            var used: Set<FilePattern.Bindings> = []
            for environment in environments.all {
                let compatible = found.filter { $0.allSatisfy { environment[$0] ?? $1 == $1 } }
                used.formUnion(compatible)
                next +=
                    compatible.isEmpty
                    ? [environment] : compatible.map { environment.merging($0) { own, _ in own } }
            }
            next += found.subtracting(used)
            if next.count > Self.limit {
                environments.unknown[stated] = "\(stated) can be too many files to compare"
            }
            environments.all = Array(next.prefix(Self.limit))
        }
        return environments
    }

    /// Returns the files that a path with expressions can be.
    private mutating func matches(
        of stated: String, from bases: [String], _ bindings: FilePattern.Bindings
    ) -> FileTree.Matches {
        var result = FileTree.Matches()
        for isAnyPath in [false, true] where result.all.isEmpty && !result.isLimited {
            for base in bases {
                let found = tree.files(
                    matching: Self.pattern(stated, from: base), bindings, isAnyPath: isAnyPath)
                result.all += found.all
                result.isLimited = result.isLimited || found.isLimited
            }
        }
        return result
    }

    /// Returns the values of a release with the paths of its files.
    private mutating func values(
        of release: StatedRelease, in file: String, from bases: [String],
        _ bindings: FilePattern.Bindings, _ unknown: [String: String]
    ) -> ReleaseValues {
        var values = release.values
        values.sources = []
        for var source in release.values.sources {
            source.file = source.file ?? file
            guard case .file(let stated) = source.content else {
                values.sources.append(source)
                continue
            }
            if let reason = unknown[stated] {
                source.content = .unknownFiles(reason: reason)
                values.sources.append(source)
                continue
            }
            var path: String?
            for base in bases where path == nil {
                let pattern = Self.pattern(stated, from: base)
                path = tree.files(matching: pattern, bindings).all.first?.path
            }
            if path == nil, source.isOptional { continue }
            source.content = path.map { .file($0) } ?? .missingFile(stated)
            values.sources.append(source)
        }
        return values
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
