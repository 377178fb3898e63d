// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The releases of Flux that kustomizations patch, and the charts of Rancher's Helm controller.
///
/// Source: kustomize; Flux, `HelmRelease` and `Kustomization`; Helm controller, `HelmChartConfig`.
struct PatchedReleases {
    /// A resource with the values of a release.
    struct Resource: Hashable {
        let kind: String
        let name: String

        /// The release of a `fleet.yaml`.
        static let fleet = Resource(kind: "fleet.yaml", name: "")
    }

    /// The resources in a file.
    private var resources: [String: [Resource: StatedRelease]] = [:]
    /// The kustomizations that can have patches of releases.
    private var kustomizations: Set<String> = []
    /// The kustomizations of Flux, by their files.
    private var fluxFiles: [String: [YAMLNode]] = [:]
    /// The values of each `HelmChartConfig`, by its name.
    private var configs: [String: [ReleaseValues.Source]] = [:]
    /// The patches of a resource in a file, of each kustomization with one.
    private(set) var patches: [String: [Resource: [[ReleaseValues.Source]]]] = [:]

    /// The number of kustomizations that may still be visited.
    private var budget = 200_000
    /// A Boolean value that indicates whether all patches were found.
    var isComplete: Bool { budget > 0 }

    private let names: RepositoryPaths
    private let files: RepositoryFiles

    init(_ names: RepositoryPaths, _ files: RepositoryFiles) {
        self.names = names
        self.files = files
    }

    /// Adds the kustomization in a directory, if it can have patches.
    mutating func addKustomization(_ bytes: [UInt8], in directory: String) {
        if bytes.contains("patches".utf8) || bytes.contains("components".utf8) {
            kustomizations.insert(directory)
        }
    }

    /// Adds the resources of a file.
    ///
    /// - Parameters:
    ///   - stream: The documents of the file.
    ///   - path: The canonical path of the file.
    mutating func add(_ stream: YAMLDocumentStream, of path: String) {
        if path.split(separator: "/").last == "fleet.yaml", let root = stream.documents.first?.root
        {
            addTargets(of: root, path)
        }
        for document in stream.documents {
            let items = document.root["items"]?.items ?? [document.root]
            for root in items { add(root, of: path) }
        }
    }

    /// Adds the values of targets, which change those of all targets.
    ///
    /// Source: Fleet, `fleet.yaml` § `targetCustomizations`.
    private mutating func addTargets(of root: YAMLNode, _ path: String) {
        var mergeBudget = Anchors.mergeLimit
        guard let anchors = try? Anchors(root, mergeBudget: &mergeBudget) else { return }
        for target in root["targetCustomizations"]?.items ?? [] {
            guard let helm = target["helm"] else { continue }
            let part = ReleaseValues.Part(
                mapping: MergedMapping(helm, anchors), anchors: anchors, file: names.shown(path))
            patches[path, default: [:]][.fleet, default: []].append(ReleaseValues([part]).sources)
        }
    }

    private mutating func add(_ root: YAMLNode, of path: String) {
        guard let kind = root["kind"]?.text, let spec = root["spec"] else { return }
        switch kind {
        case "Kustomization": fluxFiles[path, default: []].append(spec)
        case "HelmRelease", "HelmChart", "HelmChartConfig":
            guard let name = root["metadata"]?["name"]?.text else { return }
            var mergeBudget = Anchors.mergeLimit
            guard let anchors = try? Anchors(root, mergeBudget: &mergeBudget) else { return }
            let part = ReleaseValues.Part(
                mapping: MergedMapping(spec, anchors), anchors: anchors, file: names.shown(path))
            let values = ReleaseValues([part])
            if kind == "HelmChartConfig" {
                configs[name, default: []] += values.sources
                return
            }
            let chart = spec["chart"]?["spec"]?["chart"]?.text
            resources[path, default: [:]][Resource(kind: kind, name: name)] = StatedRelease(
                values, chart: chart, from: .repository)
        default: break
        }
    }

    /// A release with a patch, in a file.
    struct Patched {
        let release: StatedRelease
        let file: String
    }

    /// Finds the patches of all resources.
    ///
    /// - Returns: The releases with their patches.
    mutating func link() -> [Patched] {
        guard !resources.isEmpty else { return [] }
        for directory in kustomizations.sorted() {
            let found = patches(ofKustomizationIn: directory)
            guard !found.isEmpty else { continue }
            apply(found, to: files(readFrom: [directory]))
        }
        for (path, specs) in fluxFiles.sorted(by: { $0.key < $1.key }) {
            for spec in specs {
                let found = patches(
                    in: spec, of: names.shown(path), from: LexicalPath.directory(of: path))
                guard !found.isEmpty, let stated = spec["path"]?.text else { continue }
                let targets = LexicalPath.directories(above: path).compactMap {
                    LexicalPath.directory(String(stated.drop { $0 == "/" }), from: $0)
                }
                apply(found, to: files(readFrom: targets, isFlux: true))
            }
        }
        for (path, table) in resources {
            for resource in table.keys where resource.kind == "HelmChart" {
                guard let sources = configs[resource.name] else { continue }
                patches[path, default: [:]][resource, default: []].append(sources)
            }
        }
        return patches.sorted { $0.key < $1.key }.flatMap { path, table in
            table.flatMap { resource, changes in
                changes.compactMap { sources in
                    guard let base = resources[path]?[resource] else { return nil }
                    let values = ReleaseValues(base.values.sources + sources)
                    return Patched(
                        release: StatedRelease(values, chart: base.chart, from: .repository),
                        file: path)
                }
            }
        }
    }

    private func kustomization(in directory: String) -> (root: YAMLNode, file: String)? {
        Kustomizations.fileNames.lazy.compactMap { name in
            let file = names.shown(directory + name)
            return files.values(in: file).map { ($0.root, file) }
        }.first
    }

    /// Returns the patches of a kustomization after those of its components.
    private mutating func patches(
        ofKustomizationIn directory: String, depth: Int = 0
    ) -> [ReleasePatch] {
        budget -= 1
        guard budget > 0, depth < 8, let (root, file) = kustomization(in: directory) else {
            return []
        }
        let components = Kustomizations.targets(of: ["components"], in: root, from: directory)
        return components.flatMap { patches(ofKustomizationIn: $0, depth: depth + 1) }
            + patches(in: root, of: file, from: directory)
    }

    private func patches(
        in root: YAMLNode, of file: String, from directory: String
    ) -> [ReleasePatch] {
        ReleasePatch.all(in: root, of: file) { stated in
            let path = names.shown(
                LexicalPath.steps(of: directory + stated).joined(separator: "/"))
            return files.bytes(of: path).map { (path, $0) }
        }
    }

    private mutating func apply(_ found: [ReleasePatch], to paths: Set<String>) {
        for path in paths {
            for resource in (resources[path] ?? [:]).keys where resource.kind == "HelmRelease" {
                // The patch itself is not a release.
                let sources = found.filter { $0.name == nil || $0.name == resource.name }
                    .flatMap(\.sources).filter { $0.file != names.shown(path) }
                guard !sources.isEmpty else { continue }
                patches[path, default: [:]][resource, default: []].append(sources)
            }
        }
    }

    /// Returns the files with releases that kustomizations read, directly and through others.
    ///
    /// - Parameters:
    ///   - directories: The directories of the kustomizations.
    ///   - isFlux: A Boolean value that indicates whether a directory without a kustomization is read too.
    /// - Returns: The paths of the files.
    private mutating func files(
        readFrom directories: [String], isFlux: Bool = false
    ) -> Set<String> {
        var found: Set<String> = []
        var visited: Set<String> = []
        var pending = directories
        while let directory = pending.popLast() {
            budget -= 1
            guard budget > 0 else { return found }
            guard visited.insert(directory).inserted else { continue }
            let path = LexicalPath.steps(of: directory).joined(separator: "/")
            if resources[path] != nil {
                found.insert(path)
                continue
            }
            guard let (root, _) = kustomization(in: directory) else {
                if isFlux { found.formUnion(resources.keys.filter { $0.hasPrefix(directory) }) }
                continue
            }
            pending += Kustomizations.targets(
                of: ["resources", "bases", "components"], in: root, from: directory)
        }
        return found
    }
}
