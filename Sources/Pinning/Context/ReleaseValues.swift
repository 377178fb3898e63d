// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The values that a release combines of several sources, such as `values` and `set` of Helmfile.
///
/// Source: Helmfile, `releases`; Argo CD, `ApplicationSourceHelm`; Flux, `HelmRelease` § Values; kustomize,
/// `helmCharts`; Skaffold, `deploy.helm.releases`; Fleet, `helm`; Rancher, `HelmChart`; Ansible,
/// `kubernetes.core.helm`.
struct ReleaseValues {
    enum Source {
        case values(YAMLNode, Anchors)
        /// One value, at a path; `nil` for a value of another resource.
        case parameter(keys: [String], value: YAMLNode?)
        /// A file, which can follow values of the release in their list.
        case file(String, followsValues: Bool)
        /// A resource whose values are not in the file.
        case resource(String)

        /// The rank of the source: one with a greater rank has precedence.
        var precedence: Int {
            switch self {
            case .file(_, followsValues: false), .resource: 0
            case .file, .values: 1
            case .parameter: 2
            }
        }
    }

    private(set) var sources: [Source] = []

    /// Creates the values of a release; `nil` for a mapping with fewer than two sources of values.
    init?(_ node: YAMLNode, _ anchors: Anchors) {
        let entries = node.entries ?? []
        guard entries.contains(where: { Self.mayBeSource($0.key.text ?? "") }) else { return nil }
        for entry in entries { add(entry.value, of: entry.key.text ?? "", anchors) }
        guard sources.count > 1 else { return nil }
    }

    /// Returns the precedence of the source with the tag of an image.
    func precedence(ofTag node: YAMLNode?) -> Int {
        let isParameter = sources.contains { source in
            if case .parameter(_, let value?) = source { value.range == node?.range } else { false }
        }
        return isParameter ? 2 : 1
    }

    /// Returns a Boolean value that indicates whether a key can be that of a source; most are not.
    private static func mayBeSource(_ key: String) -> Bool {
        switch key.utf8.first {
        case UInt8(ascii: "v"): key.hasPrefix("value")
        case UInt8(ascii: "s"): key.hasPrefix("set")
        case UInt8(ascii: "p"): key == "parameters"
        case UInt8(ascii: "r"): key == "release_values"
        default: false
        }
    }

    private mutating func add(_ node: YAMLNode, of key: String, _ anchors: Anchors) {
        switch key {
        case "values", "valuesTemplate", "valuesObject", "valuesInline", "valuesContent",
            "overrides", "release_values":
            var followsValues = false
            for value in node.items ?? [node] {
                add(values: value, followsValues: followsValues, anchors)
                if value.text == nil { followsValues = true }
            }
        case "parameters", "set", "setTemplate", "setString", "setValues", "setValueTemplates":
            add(parameters: node)
        case "valueFiles", "valuesFiles", "valuesFile", "values_files":
            for file in node.items ?? [node] { add(file: file) }
        case "additionalValuesFiles":
            // kustomize merges `valuesInline` into the file before them.
            for file in node.items ?? [node] { add(file: file, followsValues: true) }
        case "valuesFrom", "values_from":
            for item in node.items ?? [] { add(resource: item) }
        case "chart":
            if let files = node["spec"]?["valuesFiles"] { add(files, of: "valuesFiles", anchors) }
        default: break
        }
    }

    private mutating func add(
        values node: YAMLNode, followsValues: Bool, _ anchors: Anchors
    ) {
        guard let text = node.text else {
            if let node = anchors.resolve(node) { sources.append(.values(node, anchors)) }
            return
        }
        guard text.contains(":") else { return add(file: node, followsValues: followsValues) }
        var budget = Anchors.mergeLimit
        let stream = try? YAMLDocumentStream(parsing: Array(text.utf8), limits: FileText.limits)
        guard let root = stream?.documents.first?.root,
            let anchors = try? Anchors(root, mergeBudget: &budget)
        else { return }
        sources.append(.values(root, anchors))
    }

    private mutating func add(file node: YAMLNode, followsValues: Bool = false) {
        if let path = MergedMapping.text(node) {
            sources.append(.file(path, followsValues: followsValues))
        }
    }

    private mutating func add(parameters node: YAMLNode) {
        func add(_ name: YAMLNode?, _ value: YAMLNode?) {
            guard let name = name?.text, let value else { return }
            sources.append(
                .parameter(keys: name.split(separator: ".").map(String.init), value: value))
        }
        for item in node.items ?? [] { add(item["name"], item["value"]) }
        for entry in node.entries ?? [] { add(entry.key, entry.value) }
    }

    private mutating func add(resource node: YAMLNode) {
        if let target = node["targetPath"]?.text {
            let keys = target.split(separator: ".").map(String.init)
            sources.append(.parameter(keys: keys, value: nil))
        } else if node["kind"]?.text != "Secret", node["secretKeyRef"] == nil {
            // A secret has credentials, and hardly the names of images.
            sources.append(.resource(node["name"]?.text ?? "another resource"))
        }
    }
}
