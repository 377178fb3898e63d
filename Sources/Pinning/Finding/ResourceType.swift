// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The type of the resource that a document describes.
struct ResourceType {
    /// The text of `apiVersion`; empty if there is none.
    private(set) var apiVersion = ""
    /// The text of `kind`; `nil` if there is none.
    private(set) var kind: String?
    /// The text of `metadata.name`; `nil` if there is none.
    private(set) var name: String?
    /// The text of `metadata.namespace`; `nil` if there is none.
    private(set) var namespace: String?
    /// The range of the value of `spec`, in bytes.
    private(set) var spec: Range<Int>?
    /// A Boolean value that indicates whether the document is a build of Cloud Build.
    private(set) var isCloudBuild = false

    /// Creates the type of a document that describes no resource.
    init() {}

    /// Creates the type of a document from its root.
    init(_ root: YAMLNode) {
        apiVersion = root["apiVersion"]?.text ?? ""
        kind = root["kind"]?.text
        name = root["metadata"]?["name"]?.text
        namespace = root["metadata"]?["namespace"]?.text
        spec = root["spec"]?.range
    }

    /// Creates the type of a document from its root and the path of the file.
    init(_ root: YAMLNode, file: String) {
        self.init(root)
        isCloudBuild = apiVersion.isEmpty && kind == nil && Self.isCloudBuild(root, file: file)
    }

    /// The keys of steps of Cloud Build, most of which the steps of other tools do not have.
    private static let buildKeys = [
        "args", "entrypoint", "waitFor", "secretEnv", "allowFailure", "allowExitCodes", "dir",
        "volumes",
    ]
    /// The keys of a build of Cloud Build that files of other tools do not have.
    private static let rootKeys = ["substitutions", "availableSecrets", "logsBucket"]
    /// The keys of steps of GitHub, Azure, CircleCI, Drone, Woodpecker and Buildkite.
    private static let otherKeys = [
        "image", "run", "uses", "task", "bash", "pwsh", "powershell", "checkout", "commands",
        "command", "plugins", "template", "publish", "download", "settings",
    ]

    /// Returns a Boolean value that indicates whether the names of all steps are images, and a step has
    /// a key of Cloud Build.
    ///
    /// Source: Cloud Build, build configuration file schema § Build steps.
    private static func isCloudBuild(_ root: YAMLNode, file: String) -> Bool {
        guard let steps = root["steps"]?.items, !steps.isEmpty else { return false }
        let name = (file.split(separator: "/").last ?? "").lowercased()
        if name.contains("cloudbuild") || name.contains("cloud-build") { return true }
        let names = steps.map { $0["name"]?.text ?? "" }
        let areImages = zip(steps, names).allSatisfy { step, name in
            isImageOfStep(name) && otherKeys.allSatisfy { step[$0] == nil }
        }
        return areImages && names.contains(where: ImageText.hasRegistry)
            && (rootKeys.contains { root[$0] != nil }
                || steps.contains { step in buildKeys.contains { step[$0] != nil } })
    }

    /// Returns a Boolean value that indicates whether the name of a step can be an image: a reference,
    /// also with substitutions.
    private static func isImageOfStep(_ name: String) -> Bool {
        name.contains("$") || ImageText.reference(name) != nil
    }

    /// Returns the chart that the resource installs; `nil` for documents whose chart is known from
    /// elsewhere.
    ///
    /// Sources of Argo CD state their charts themselves. The chart of any other resource with values
    /// is not known to be the one around the file.
    ///
    /// Source: Flux, `HelmRelease` § Chart template.
    func chart(in root: YAMLNode) -> ChartLocation? {
        let spec = root["spec"]
        switch kind {
        case "HelmRelease":
            let template = spec?["chart"]?["spec"]
            guard let chart = template?["chart"]?.text,
                template?["sourceRef"]?["kind"]?.text != "HelmRepository"
            else { return .remote }
            return .directory(chart)
        case "HelmChart", "Application", "ApplicationSet": return .remote
        // The texts of these can be values of the chart around them.
        case "ConfigMap", "Secret": return nil
        // The elements of these can state their charts.
        case "Kustomization", "Component": return nil
        case "Config" where apiVersion.hasPrefix("skaffold/"): return nil
        case _ where root["items"]?.items != nil: return nil
        default: return apiVersion.isEmpty || kind == nil ? nil : .remote
        }
    }
}

/// The chart whose values a document has.
enum ChartLocation: Hashable {
    /// The chart around the file.
    case aroundFile
    /// The directory of a chart in the same repository, relative to a directory above the file.
    case directory(String)
    /// A chart in another place.
    case remote

    /// Returns the chart of a release or of a source; `nil` for a mapping that is neither.
    ///
    /// - Parameters:
    ///   - node: The mapping.
    ///   - isElement: A Boolean value that indicates whether the mapping is an element of a list.
    init?(of node: YAMLNode, isElement: Bool) {
        if node["helm"] != nil, let chart = Self(ofSource: node) {
            self = chart
            return
        }
        let keys =
            isElement ? ["values", "set", "setValues", "valuesInline", "overrides"] : ["values"]
        guard keys.contains(where: { node[$0] != nil }), let chart = Self(ofRelease: node) else {
            return nil
        }
        self = chart
    }

    /// Returns the chart of a source of an application; `nil` for a mapping without a chart.
    ///
    /// Source: Argo CD, `ApplicationSource`.
    private init?(ofSource node: YAMLNode) {
        if node["chart"]?.text != nil {
            self = .remote
        } else if let path = node["path"]?.text {
            self = .directory(path)
        } else if node["repoURL"] != nil {
            self = .remote
        } else {
            return nil
        }
    }

    /// Returns the chart of a release; `nil` for a mapping without a chart.
    ///
    /// Source: Helmfile, `releases`; Skaffold, `deploy.helm.releases`; kustomize, `helmCharts`;
    /// Fleet, `helm`; Ansible, `kubernetes.core.helm`.
    init?(ofRelease node: YAMLNode) {
        self.init(ofRelease: MergedMapping(node, Anchors()))
    }

    /// Returns the chart of a release with merge keys; `nil` for a mapping without a chart.
    init?(ofRelease mapping: MergedMapping) {
        if let path = mapping["chartPath"]?.text {
            self = .directory(path)
        } else if let chart = mapping["chart"]?.text ?? mapping["chart_ref"]?.text {
            self = chart.hasPrefix(".") ? .directory(chart) : .remote
        } else if ["remoteChart", "repo", "repoURL"].contains(where: { mapping[$0] != nil }) {
            self = .remote
        } else {
            return nil
        }
    }
}
