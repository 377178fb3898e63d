// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import YAML

/// The releases of a repository, and the charts in charts, by the values files that they use, and the builds
/// of its kustomizations.
///
/// Files are read once, when the releases of a values file are needed.
///
/// Source: Argo CD, Flux, Helmfile, kustomize, Skaffold, Fleet and Ansible; Helm, `Chart.yaml` §
/// `dependencies`.
final class Releases: Sendable {
    /// A release that uses a values file.
    struct Use {
        var release: ReleaseValues
        /// The index of the source that the file is.
        let source: Int
    }

    /// The releases that use a values file.
    struct Uses {
        var all: [Use] = []
        /// A Boolean value that indicates whether all files of the repository were read.
        var isComplete = true
    }

    /// A chart that depends on another one.
    fileprivate struct Parent: Hashable {
        let directory: String
        /// The key of the values of the other chart.
        let alias: String
    }

    fileprivate struct Index {
        var all: [ReleaseValues] = []
        /// The releases that use a file, with the source that it is.
        var users: [String: [(release: Int, source: Int)]] = [:]
        /// The charts with a dependency in a directory.
        var parents: [String: [Parent]] = [:]
        /// The files that were listed.
        var paths: Set<String> = []
        /// The names of the directories with charts.
        var chartNames: Set<String> = []
        /// The values of the patches of a resource, by its file.
        var patches: [String: [PatchedReleases.Resource: [[ReleaseValues.Source]]]] = [:]
        /// The resources that build kustomizations.
        var kustomizations = Kustomizations.Inputs()
        /// A Boolean value that indicates whether all patches of releases were found.
        var hasAllPatches = true
        var isComplete: Bool
        /// The descriptions of the releases, so that equal ones count once.
        var descriptions: Set<[String]> = []
    }

    /// The maximum number of releases with different values.
    private static let limit = 50_000
    /// The maximum number of bytes that are read.
    private static let byteLimit = 1 << 30

    private let list: @Sendable () -> RepositoryListing
    private let names: RepositoryPaths
    private let index = Mutex<Index?>(nil)
    /// The paths of the overlays of a file, because charts in many charts need them often.
    private let overlays = Mutex<[String: [String]]>([:])

    /// Creates an index.
    ///
    /// - Parameters:
    ///   - names: The names of the repository's files.
    ///   - list: Lists the files.
    init(_ names: RepositoryPaths, list: @escaping @Sendable () -> RepositoryListing) {
        self.names = names
        self.list = list
    }

    /// Forgets the releases that were read.
    func forget() { index.withLock { $0 = nil } }

    /// Returns the releases that use a values file, directly or as the values of a subchart.
    func uses(of file: String, in files: RepositoryFiles) -> Uses {
        let index = read(files)
        let path = names.canonical(file)
        let direct = (index.users[path] ?? []).map {
            Use(release: index.all[$0.release], source: $0.source)
        }
        let directory = LexicalPath.directory(of: path)
        guard ValuesFile.isDefault(path) else {
            return Uses(all: direct, isComplete: index.isComplete)
        }
        var uses = uses(ofChartIn: directory, index, files)
        uses.all = direct + uses.all
        uses.isComplete = uses.isComplete && index.isComplete
        return uses
    }

    /// Returns a Boolean value that indicates whether a release names a file with values.
    func areUsing(_ file: String, in files: RepositoryFiles) -> Bool {
        read(files).users[names.canonical(file)]?
            .contains { $0.source != ReleaseValues.chartIndex } ?? false
    }

    /// Returns a Boolean value that indicates whether a path is that of a file of the repository, and not
    /// of a symbolic link.
    func contains(_ file: String, in files: RepositoryFiles) -> Bool {
        read(files).paths.contains(names.canonical(file))
    }

    /// Returns the names of the directories with charts.
    func chartNames(in files: RepositoryFiles) -> Set<String> { read(files).chartNames }

    /// Returns the values of the patches of a resource in a file.
    func patches(
        of resource: PatchedReleases.Resource, in file: String, _ files: RepositoryFiles
    ) -> [[ReleaseValues.Source]] {
        read(files).patches[names.canonical(file)]?[resource] ?? []
    }

    /// Returns a Boolean value that indicates whether all patches of releases were found.
    func hasAllPatches(in files: RepositoryFiles) -> Bool { read(files).hasAllPatches }

    /// Returns the files and resources with kustomizations.
    func kustomizationInputs(in files: RepositoryFiles) -> Kustomizations.Inputs {
        read(files).kustomizations
    }

    private func read(_ files: RepositoryFiles) -> Index {
        index.withLock { index in
            if let index { return index }
            let new = Self.read(list(), names, files)
            index = new
            return new
        }
    }

    /// The position of the values of a chart in those of another one.
    private struct Position {
        var prefix: [String] = []
        /// The values of the charts in between.
        var sources: [ReleaseValues.Source] = []
    }

    /// The maximum number of positions of a chart in another one.
    private static let positionLimit = 16

    /// Returns the uses of the values of a chart by the charts around it, and by their releases.
    ///
    /// Each chart is visited once, because charts can depend on each other.
    private func uses(
        ofChartIn directory: String, _ index: Index, _ files: RepositoryFiles
    ) -> Uses {
        var uses = Uses()
        var visited: Set<String> = [directory]
        var pending = [(directory: directory, positions: [Position()])][...]
        while let (directory, positions) = pending.popFirst() {
            let parents = parents(ofChartIn: directory, index, files)
            for (parent, aliases) in Dictionary(grouping: parents, by: \.directory)
                .sorted(by: { $0.key < $1.key })
            where visited.insert(parent).inserted {
                let file = "\(parent)values.yaml"
                let outer = positions.flatMap { position in
                    Set(aliases.map(\.alias)).sorted().map { alias in
                        let prefix = [alias] + position.prefix
                        return Position(
                            prefix: prefix,
                            sources: position.sources + [source(names.shown(file), below: prefix)])
                    }
                }
                uses.isComplete = uses.isComplete && outer.count <= Self.positionLimit
                let overlays = overlays(of: names.shown(file), in: files)
                let releases = (index.users[file] ?? [])
                    .filter { $0.source == ReleaseValues.chartIndex }
                    .map { index.all[$0.release].sources }
                for position in outer.prefix(Self.positionLimit) {
                    let changes =
                        [[]] + overlays.map { [source($0, below: position.prefix)] }
                        + releases.map { Self.sources($0, below: position.prefix) }
                    uses.all += changes.map { changes in
                        Use(
                            release: ReleaseValues(position.sources + changes),
                            source: ReleaseValues.chartIndex)
                    }
                }
                pending.append((parent, Array(outer.prefix(Self.positionLimit))))
            }
        }
        return uses
    }

    private func overlays(of file: String, in files: RepositoryFiles) -> [String] {
        if let known = overlays.withLock({ $0[file] }) { return known }
        let found = BaseFinder.overlays(of: file, in: files).map(\.path)
        overlays.withLock { $0[file] = found }
        return found
    }

    private func source(_ file: String, below prefix: [String]) -> ReleaseValues.Source {
        ReleaseValues.Source(content: .file(file), prefix: prefix, file: file)
    }

    private static func sources(
        _ sources: [ReleaseValues.Source], below prefix: [String]
    ) -> [ReleaseValues.Source] {
        sources.map { source in
            var source = source
            source.prefix = prefix
            return source
        }
    }

    /// Returns the charts with a chart in a directory.
    ///
    /// Source: Helm, `Chart.yaml` § `dependencies`: a chart in `charts` needs no entry.
    private func parents(
        ofChartIn directory: String, _ index: Index, _ files: RepositoryFiles
    ) -> [Parent] {
        let stated = index.parents[directory] ?? []
        let steps = directory.split(separator: "/")
        guard stated.isEmpty, steps.count > 1, steps[steps.count - 2] == "charts",
            let name = steps.last
        else { return stated }
        let parent = steps.dropLast(2).map { "\($0)/" }.joined()
        guard files.values(in: names.shown("\(parent)Chart.yaml")) != nil else { return [] }
        return [Parent(directory: parent, alias: String(name))]
    }

    private static func read(
        _ listing: RepositoryListing, _ names: RepositoryPaths, _ files: RepositoryFiles
    ) -> Index {
        let paths = listing.paths.map(names.canonical).sorted()
        var index = Index(isComplete: listing.isComplete)
        index.paths = Set(paths)
        index.kustomizations.paths = paths
        index.kustomizations.roots = listing.roots.map(names.canonical).map {
            $0.isEmpty ? "" : "\($0)/"
        }
        var resolver = ReleaseResolver(paths + listing.links.map(names.canonical))
        var patched = PatchedReleases(names, files)
        var bytesLeft = byteLimit
        for path in paths {
            guard let bytes = files.bytes(of: names.shown(path)) else { continue }
            bytesLeft -= bytes.count
            guard bytesLeft > 0, index.all.count < limit else {
                index.isComplete = false
                break
            }
            let directory = LexicalPath.directory(of: path)
            if path == "\(directory)Chart.yaml" {
                directory.split(separator: "/").last.map { _ = index.chartNames.insert(String($0)) }
                addDependencies(of: bytes, ofChartIn: directory, to: &index)
            }
            if Kustomizations.fileNames.contains(String(path.dropFirst(directory.count))) {
                patched.addKustomization(in: directory)
            }
            guard path == "\(directory)fleet.yaml" || ReleaseMarkers.occur(in: bytes),
                let stream = TemplatedYAML.stream(parsing: bytes)
            else { continue }
            patched.add(stream, of: path)
            index.kustomizations.builds += KustomizeBuild.all(in: stream, of: path)
            for stated in StatedRelease.all(in: stream, of: names.shown(path), files) {
                for release in resolver.resolve(stated, in: path, named: names.shown(path)) {
                    index.add(release, names)
                }
            }
        }
        for change in patched.link() {
            let name = names.shown(change.file)
            for release in resolver.resolve(change.release, in: change.file, named: name) {
                index.add(release, names)
            }
        }
        index.patches = patched.patches
        index.hasAllPatches = patched.isComplete
        index.descriptions = []
        index.isComplete =
            index.isComplete && resolver.tree.isComplete && patched.isComplete
        index.kustomizations.isComplete = index.isComplete
        return index
    }

    private static func addDependencies(
        of bytes: [UInt8], ofChartIn directory: String, to index: inout Index
    ) {
        for dependency in ChartDependencies(parsing: bytes).all {
            for stated in dependency.directories {
                guard let chart = LexicalPath.directory(stated, from: directory) else { continue }
                index.parents[chart, default: []].append(
                    Parent(directory: directory, alias: dependency.alias))
            }
        }
    }
}

extension Releases.Index {
    fileprivate mutating func add(_ release: ReleaseResolver.Resolved, _ names: RepositoryPaths) {
        var values = release.values
        guard values.canChangeNames else { return }
        if let description = values.description,
            !descriptions.insert([release.chart ?? "-"] + description).inserted
        {
            return
        }
        if let chart = release.chart {
            users["\(chart)values.yaml", default: []].append((all.count, ReleaseValues.chartIndex))
        }
        for index in values.sources.indices {
            guard case .file(let path) = values.sources[index].content else { continue }
            users[path, default: []].append((all.count, index))
            values.sources[index].content = .file(names.shown(path))
        }
        all.append(values)
    }
}
