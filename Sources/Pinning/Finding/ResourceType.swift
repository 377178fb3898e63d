// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The type of the resource that a document describes.
struct ResourceType {
    /// The text of `apiVersion`; empty if there is none.
    private(set) var apiVersion = ""
    /// The text of `kind`; `nil` if there is none.
    private(set) var kind: String?
    /// The range of the value of `spec`, in bytes.
    private(set) var spec: Range<Int>?

    /// Creates the type of a document that describes no resource.
    init() {}

    /// Creates the type of a document from its root.
    init(_ root: YAMLNode) {
        apiVersion = root["apiVersion"]?.text ?? ""
        kind = root["kind"]?.text
        spec = root["spec"]?.range
    }

    /// Returns the chart that the resource installs; `nil` for other resources.
    ///
    /// Source: Flux, `HelmRelease` § Chart template; Argo CD, `ApplicationSource`.
    func chart(in root: YAMLNode) -> ChartLocation? {
        let spec = root["spec"]
        switch kind {
        case "HelmRelease":
            let template = spec?["chart"]?["spec"]
            guard let chart = template?["chart"]?.text,
                template?["sourceRef"]?["kind"]?.text != "HelmRepository"
            else { return .remote }
            return .directory(chart)
        case "HelmChart": return .remote
        case "Application", "ApplicationSet":
            let spec = kind == "Application" ? spec : spec?["template"]?["spec"]
            let sources = [spec?["source"]].compactMap(\.self) + (spec?["sources"]?.items ?? [])
            let path = sources.lazy.compactMap { $0["path"]?.text }.first
            return path.map(ChartLocation.directory) ?? .remote
        default: return nil
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

    /// Returns the chart of a release in a list; `nil` for an element that is not a release with
    /// values.
    ///
    /// Source: Helmfile, `releases`; Skaffold, `deploy.helm.releases`; kustomize, `helmCharts`.
    init?(ofRelease node: YAMLNode) {
        guard
            ["values", "set", "setValues", "valuesInline", "overrides"]
                .contains(where: { node[$0] != nil })
        else { return nil }
        if let path = node["chartPath"]?.text {
            self = .directory(path)
        } else if let chart = node["chart"]?.text {
            self = chart.hasPrefix(".") ? .directory(chart) : .remote
        } else if node["remoteChart"] != nil || node["repo"] != nil {
            self = .remote
        } else {
            return nil
        }
    }
}
