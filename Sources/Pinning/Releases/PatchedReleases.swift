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
        /// The namespace; `nil` if the file does not state it.
        let namespace: String?

        /// The release of a `fleet.yaml`.
        static let fleet = Resource(kind: "fleet.yaml", name: "", namespace: nil)
    }

    /// The resources in a file.
    private var resources: [String: [Resource: [StatedRelease]]] = [:]
    /// The kustomizations, and the resources that build them.
    private var graph: PatchGraph
    /// The values of each `HelmChartConfig`, by its name.
    private var configs: [String: [(namespace: String?, sources: [ReleaseValues.Source])]] = [:]
    /// The patches of a resource in a file, of each kustomization with one.
    private(set) var patches: [String: [Resource: [[ReleaseValues.Source]]]] = [:]

    /// The number of patches that may still be applied.
    private var budget = 500_000
    /// A Boolean value that indicates whether all patches were found.
    var isComplete: Bool { budget > 0 && graph.isComplete }

    private let names: RepositoryPaths

    init(_ names: RepositoryPaths, _ files: RepositoryFiles) {
        self.names = names
        graph = PatchGraph(names, files)
    }

    /// Adds the kustomization in a directory.
    mutating func addKustomization(in directory: String) { graph.add(directory) }

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
        case "Kustomization": graph.add(spec, of: path)
        case "HelmRelease", "HelmChart", "HelmChartConfig":
            let metadata = root["metadata"]
            guard let name = metadata?["name"]?.text else { return }
            let namespace = metadata?["namespace"]?.text
            var mergeBudget = Anchors.mergeLimit
            guard let anchors = try? Anchors(root, mergeBudget: &mergeBudget) else { return }
            let part = ReleaseValues.Part(
                mapping: MergedMapping(spec, anchors), anchors: anchors, file: names.shown(path))
            let values = ReleaseValues([part])
            if kind == "HelmChartConfig" {
                configs[name, default: []].append((namespace, values.sources))
                return
            }
            let chart = kind == "HelmRelease" ? StatedRelease.chart(ofHelmRelease: spec) : nil
            let resource = Resource(kind: kind, name: name, namespace: namespace)
            resources[path, default: [:]][resource, default: []].append(
                StatedRelease(values, chart: chart, from: .repository))
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
        graph.link()
        for path in graph.isEmpty ? [] : resources.keys.sorted() { applyPatches(to: path) }
        for (path, table) in resources {
            for resource in table.keys where resource.kind == "HelmChart" {
                let found = (configs[resource.name] ?? []).filter { config in
                    config.namespace == nil || resource.namespace == nil
                        || config.namespace == resource.namespace
                }
                guard !found.isEmpty else { continue }
                patches[path, default: [:]][resource, default: []].append(
                    found.flatMap(\.sources))
            }
        }
        return patches.sorted { $0.key < $1.key }.flatMap { path, table in
            table.flatMap { resource, changes in
                (resources[path]?[resource] ?? []).flatMap { base in
                    changes.map { sources in
                        let values = ReleaseValues(base.values.sources + sources)
                        return Patched(
                            release: StatedRelease(values, chart: base.chart, from: .repository),
                            file: path)
                    }
                }
            }
        }
    }

    /// Applies the patches of all kustomizations that read a file.
    private mutating func applyPatches(to path: String) {
        let resources = (resources[path] ?? [:]).keys.filter { $0.kind == "HelmRelease" }
        guard !resources.isEmpty else { return }
        let found = graph.patches(ofFile: path)
        let name = names.shown(path)
        for resource in resources {
            for patches in found.all {
                budget -= patches.count
                guard budget > 0 else { return }
                // The patch itself is not a release.
                let sources = patches.filter { $0.canChange(resource, isMoved: found.isMoved) }
                    .flatMap(\.sources).filter { $0.file != name }
                guard ReleaseValues(sources).canChangeNames else { continue }
                self.patches[path, default: [:]][resource, default: []].append(sources)
            }
        }
    }
}
