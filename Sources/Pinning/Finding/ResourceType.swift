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

    /// Returns the directory of the chart in the same repository that the resource can install; `nil`
    /// for other resources.
    ///
    /// Source: Flux, `HelmRelease` § Chart template; Argo CD, `ApplicationSource`.
    func chartPath(in root: YAMLNode) -> String? {
        let spec = root["spec"]
        switch kind {
        case "HelmRelease": return spec?["chart"]?["spec"]?["chart"]?.text
        case "Application", "ApplicationSet":
            let spec = kind == "Application" ? spec : spec?["template"]?["spec"]
            let sources = [spec?["source"]].compactMap(\.self) + (spec?["sources"]?.items ?? [])
            return sources.lazy.compactMap { $0["path"]?.text }.first
        default: return nil
        }
    }
}
