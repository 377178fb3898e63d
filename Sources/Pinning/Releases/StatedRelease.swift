// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A release of a chart as a file states it, with paths that are not looked up yet.
struct StatedRelease {
    /// The directory from which the paths of the release start.
    enum Origin {
        /// The directory of the file.
        case file
        /// The root of the repository, which can be any directory above the file; paths of values can also
        /// start from the chart.
        case repository
    }

    let values: ReleaseValues
    /// The directory of the chart; `nil` for a chart in another place.
    let chart: String?
    let origin: Origin
    /// The environments of the Helmfile with the release; `nil` if they are not known.
    var environments: Set<String>?
    /// The names of the releases in the same Helmfile.
    var otherNames: Set<String> = []

    init(_ values: ReleaseValues, chart: String?, from origin: Origin) {
        self.values = values
        self.chart = chart
        self.origin = origin
    }

    /// Creates a release whose mapping states its chart.
    init(_ values: ReleaseValues, from origin: Origin) {
        var chart: String?
        if case .directory(let path)? = values.chart { chart = path }
        self.init(values, chart: chart, from: origin)
    }
}

extension StatedRelease {
    /// Returns a Boolean value that indicates whether a name can be that of an environment of a Helmfile.
    ///
    /// If none are stated, the names of releases and charts are those of other files.
    func isEnvironment(_ name: Substring, amongCharts charts: Set<Substring>) -> Bool {
        if let environments { return environments.contains(String(name)) }
        return !charts.contains(name) && !otherNames.contains(String(name))
    }

    /// Returns the directory of the chart that a `HelmRelease` installs; `nil` for a chart in another place.
    ///
    /// Source: Flux, `HelmRelease` § Chart template: `sourceRef` of the kind `HelmRepository` is not a repository with
    /// directories.
    static func chart(ofHelmRelease spec: YAMLNode) -> String? {
        let chart = spec["chart"]?["spec"]
        let isLocal = chart?["sourceRef"]?["kind"]?.text != "HelmRepository"
        return isLocal ? chart?["chart"]?.text : nil
    }

    /// Returns the releases of a file.
    ///
    /// - Parameters:
    ///   - stream: The documents of the file.
    ///   - file: The path of the file.
    ///   - files: The files of the repository.
    /// - Returns: The releases.
    static func all(
        in stream: YAMLDocumentStream, of file: String, _ files: RepositoryFiles
    ) -> [StatedRelease] {
        if let helmfile = HelmfileReleases(stream, of: file, in: files) {
            let names = Set(helmfile.all.compactMap(\.name))
            return helmfile.all.map { values in
                var release = StatedRelease(values, from: .file)
                release.environments = helmfile.environments
                release.otherNames = names
                return release
            }
        }
        var mergeBudget = Anchors.mergeLimit
        let name = file.split(separator: "/").last ?? ""
        return stream.documents.flatMap { document in
            guard let anchors = try? Anchors(document.root, mergeBudget: &mergeBudget) else {
                return [StatedRelease]()
            }
            var reader = ReleaseReader(anchors)
            if name == "fleet.yaml" { reader.readFleet(document.root) }
            reader.read(document.root)
            return reader.releases
        }
    }
}

/// Reads the releases of a document.
private struct ReleaseReader {
    private let anchors: Anchors
    private(set) var releases: [StatedRelease] = []
    /// The number of nodes that may still be visited.
    private var budget = 100_000

    init(_ anchors: Anchors) { self.anchors = anchors }

    private func part(_ node: YAMLNode) -> ReleaseValues.Part {
        ReleaseValues.Part(mapping: MergedMapping(node, anchors), anchors: anchors)
    }

    /// Adds a release whose values are in one mapping.
    private mutating func add(
        _ nodes: [YAMLNode], chart: String?, from origin: StatedRelease.Origin
    ) {
        let values = ReleaseValues(nodes.map(part))
        guard !values.sources.isEmpty else { return }
        releases.append(StatedRelease(values, chart: chart, from: origin))
    }

    mutating func read(_ root: YAMLNode) {
        let apiVersion = root["apiVersion"]?.text ?? ""
        switch root["kind"]?.text {
        case "Application", "ApplicationSet": readApplication(root)
        case "HelmRelease":
            if let spec = root["spec"] {
                add([spec], chart: StatedRelease.chart(ofHelmRelease: spec), from: .repository)
            }
        case "HelmChartInflationGenerator": readKustomize(root, home: root["chartHome"]?.text)
        case "Config" where apiVersion.hasPrefix("skaffold/"): readSkaffold(root)
        case "List": for item in root["items"]?.items ?? [] { read(item) }
        case "Kustomization", "Component", nil:
            let home = root["helmGlobals"]?["chartHome"]?.text
            for chart in root["helmCharts"]?.items ?? [] { readKustomize(chart, home: home) }
            readTasks(root)
        default: break
        }
    }

    private mutating func readApplication(_ root: YAMLNode) {
        for source in ApplicationSources(root)?.all ?? [] {
            guard let helm = source.node["helm"], helm.entries != nil else { continue }
            let values = ReleaseValues([part(helm)])
            guard !values.sources.isEmpty else { continue }
            for parameters in source.parameters {
                releases.append(
                    StatedRelease(
                        values.replacingExpressions(with: parameters),
                        chart: source.path.map(parameters.replacingExpressions),
                        from: .repository))
            }
        }
    }

    /// Source: kustomize, `helmCharts` and `helmGlobals`.
    private mutating func readKustomize(_ chart: YAMLNode, home: String?) {
        let stated = chart["chart"]?.text
        let name = chart["name"]?.text.map { "\(home ?? "charts")/\($0)" }
        add([chart], chart: stated ?? name, from: .file)
    }

    /// Source: Skaffold, `deploy.helm`, `manifests.helm` and `profiles`.
    private mutating func readSkaffold(_ root: YAMLNode) {
        for part in [root] + (root["profiles"]?.items ?? []) {
            for stage in ["deploy", "manifests"] {
                for release in part[stage]?["helm"]?["releases"]?.items ?? [] {
                    add([release], chart: release["chartPath"]?.text, from: .file)
                }
            }
        }
    }

    /// Source: Fleet, `fleet.yaml`: without `chart`, the directory of the file has the chart.
    mutating func readFleet(_ root: YAMLNode) {
        let helm = root["helm"]
        let targets = (root["targetCustomizations"]?.items ?? []).compactMap { $0["helm"] }
        for target in [nil] + targets.map(Optional.some) {
            let nodes = [helm, target].compactMap(\.self)
            guard !nodes.isEmpty else { continue }
            let chart = target?["chart"] ?? helm?["chart"]
            let isRemote = ["repo", "version"].contains { (target?[$0] ?? helm?[$0]) != nil }
            add(nodes, chart: isRemote ? nil : chart?.text ?? ".", from: .file)
        }
    }

    /// Finds the tasks of a playbook.
    ///
    /// Source: Ansible, `kubernetes.core.helm`: `chart_ref`, `release_values` and `values_files`.
    private mutating func readTasks(_ node: YAMLNode) {
        budget -= 1
        guard budget > 0 else { return }
        if let chart = node["chart_ref"]?.text {
            return add([node], chart: chart.hasPrefix("/") ? nil : chart, from: .repository)
        }
        for item in node.items ?? [] { readTasks(item) }
        for entry in node.entries ?? [] where entry.value.text == nil { readTasks(entry.value) }
    }
}
