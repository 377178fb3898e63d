// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The values that a release combines of several sources, such as `values` and `set` of Helmfile.
///
/// Source: Helmfile, `releases`; Argo CD, `ApplicationSourceHelm`; Flux, `HelmRelease` § Values; kustomize,
/// `helmCharts`; Skaffold, `deploy.helm.releases`; Fleet, `helm`; Rancher, `HelmChart`; Ansible,
/// `kubernetes.core.helm`.
struct ReleaseValues {
    enum Content {
        /// Values in the file with the release; a text that is YAML has ranges of its own.
        case values(YAMLNode, Anchors, isText: Bool)
        /// One value, at a path; `nil` for a value of another resource.
        case parameter(keys: [String], value: YAMLNode?)
        case file(String)
        /// A file that is not there.
        case missingFile(String)
        /// A resource whose values are not in the file.
        case resource(String)
        /// Files of which not all are known; the reason names them.
        case unknownFiles(reason: String)
    }

    /// A source of values.
    struct Source {
        var content: Content
        /// The keys below which the source has the values of the chart, such as the alias of a subchart.
        var prefix: [String] = []
        /// The file with the source, if it is another one; paths of files are then looked up.
        var file: String?
        /// A Boolean value that indicates whether the release ignores a missing file.
        var isOptional = false

        /// A Boolean value that indicates whether the source has no values if its file is missing; with
        /// expressions, another file can be meant.
        var isIgnored: Bool {
            guard isOptional, case .file(let path) = content else { return false }
            return !TemplatedYAML.hasExpressions(path)
        }
    }

    /// The kinds of sources, lowest precedence first.
    private enum Precedence: Int {
        case filesOfChart
        case files
        case values
        case object
        case parameters
    }

    /// The sources, lowest precedence first.
    var sources: [Source] = []
    /// The index of the values of the chart itself, which apply before all sources.
    static let chartIndex = -1
    /// The chart of the release; `nil` if it states none.
    private(set) var chart: ChartLocation?
    /// The name of the release in a Helmfile; `nil` if it states none.
    private(set) var name: String?

    /// Creates the values of a release; `nil` for a mapping with fewer than two sources of values.
    init?(_ node: YAMLNode, _ anchors: Anchors) {
        let mayBeRelease = (node.entries ?? []).contains { entry in
            entry.key.text.map { $0 == "<<" || Self.mayBeSource($0) } ?? false
        }
        guard mayBeRelease else { return nil }
        self.init([Part(mapping: MergedMapping(node, anchors), anchors: anchors)])
        guard sources.count > 1 else { return nil }
    }

    /// A mapping with values of a release.
    struct Part {
        let mapping: MergedMapping
        /// The anchors of the document.
        let anchors: Anchors
        /// The keys that do not count.
        var omitted: Set<String> = []
        /// The file with the mapping, if it is another one.
        var file: String?
    }

    /// Creates the values that a release has of mappings, such as the templates of a Helmfile.
    ///
    /// - Parameter parts: The mappings, lowest precedence first.
    init(_ parts: [Part]) {
        var builder = Builder()
        for part in parts {
            (builder.anchors, builder.file) = (part.anchors, part.file)
            for key in part.mapping.allKeys where !part.omitted.contains(key) {
                if let value = part.mapping[key] { builder.add(value, of: key) }
            }
            name = part.mapping["name"]?.text ?? name
            chart = ChartLocation(ofRelease: part.mapping) ?? chart
        }
        // Sources of one kind are in the order of the file.
        sources = builder.sources.enumerated().sorted {
            ($0.element.precedence.rawValue, $0.offset)
                < ($1.element.precedence.rawValue, $1.offset)
        }.map(\.element.source)
        guard builder.ignoresMissingFiles else { return }
        for index in sources.indices {
            guard case .file(let path) = sources[index].content else { continue }
            // `$NAME/` can be in another repository.
            sources[index].isOptional = !path.hasPrefix("$")
        }
    }

    /// Creates the values of sources, lowest precedence first.
    init(_ sources: [Source]) { self.sources = sources }

    /// Creates the values of a file below another one.
    init(file: String, below values: RepositoryFiles.Values) {
        sources = [.file(file), .values(values.root, values.anchors, isText: false)]
            .map { Source(content: $0) }
    }

    /// Returns the values of an application that a generator creates.
    func replacingExpressions(with parameters: GeneratorParameters) -> ReleaseValues {
        var result = self
        for index in sources.indices {
            guard case .file(let path) = sources[index].content,
                TemplatedYAML.hasExpressions(path)
            else { continue }
            result.sources[index].content = .file(parameters.replacingExpressions(in: path))
        }
        if parameters.isLimited {
            let reason = "an ApplicationSet has too many applications to compare"
            result.sources.append(Source(content: .unknownFiles(reason: reason)))
        }
        return result
    }

    /// A Boolean value that indicates whether a source can have a part of the name of an image.
    var canChangeNames: Bool {
        sources.contains { source in
            switch source.content {
            case .values(let root, _, _): Self.hasName(in: root)
            case .parameter(let keys, let value):
                keys.last.map(Self.canBeName) ?? false || value.map(Self.hasName) ?? true
            case .file, .missingFile, .resource, .unknownFiles: true
            }
        }
    }

    private static func hasName(in node: YAMLNode) -> Bool {
        switch node.kind {
        case .scalar: false
        // The value of an alias is in the file, but can be outside of the values.
        case .alias: true
        case .sequence(let items, _): items.contains(where: hasName)
        case .mapping(let entries, _):
            entries.contains { canBeName($0.key.text ?? "") || hasName(in: $0.value) }
        }
    }

    private static func canBeName(_ key: String) -> Bool {
        let key = key.lowercased()
        return ["image", "repo", "name", "registry", "tag", "digest", "<<"].contains(
            where: key.contains)
            || SiblingNames(of: key) != nil
    }

    /// The keys with values of a chart.
    ///
    /// Source: Helmfile, Flux, Argo CD, kustomize, Fleet, Rancher, Ansible; Skaffold, `overrides`.
    private static let valuesKeys: Set<String> = [
        "values", "valuesTemplate", "valuesObject", "valuesInline", "valuesContent", "overrides",
        "release_values",
    ]

    /// Returns a Boolean value that indicates whether a mapping at a key of a resource has values of a chart.
    static func isValuesKey(_ key: String, in resource: ResourceType) -> Bool {
        // Other tools have overrides of other kinds.
        valuesKeys.contains(key)
            && (key != "overrides" || resource.apiVersion.hasPrefix("skaffold/"))
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
}

extension ReleaseValues {
    /// Collects the sources of a release.
    private struct Builder {
        var anchors = Anchors()
        var file: String?
        private(set) var sources: [(source: Source, precedence: Precedence)] = []
        /// A Boolean value that indicates whether a file of the release can be missing.
        private(set) var ignoresMissingFiles = false

        private mutating func add(_ content: Content, _ precedence: Precedence) {
            sources.append((Source(content: content, file: file), precedence))
        }

        mutating func add(_ node: YAMLNode, of key: String) {
            switch key {
            case _ where ReleaseValues.valuesKeys.contains(key):
                let precedence: Precedence = key == "valuesObject" ? .object : .values
                var followsValues = false
                for value in elements(of: node) {
                    add(values: value, followsValues ? .values : .files, precedence)
                    if value.text == nil { followsValues = true }
                }
            case "parameters", "set", "setTemplate", "setString", "setValues", "setValueTemplates":
                add(parameters: node)
            case "valueFiles", "valuesFiles", "valuesFile", "values_files":
                for file in elements(of: node) { add(file: file, .files) }
            case "additionalValuesFiles":
                // kustomize merges `valuesInline` into the file before them.
                for file in elements(of: node) { add(file: file, .values) }
            case "valuesFrom", "values_from":
                for item in elements(of: node) { add(resource: item) }
            case "chart":
                let files = node["spec"]?["valuesFiles"]
                for file in files?.items ?? [] { add(file: file, .filesOfChart) }
                ignoresMissingFiles =
                    node["spec"]?["ignoreMissingValuesFiles"]?.text == "true" || ignoresMissingFiles
            case "ignoreMissingValueFiles": ignoresMissingFiles = node.text == "true"
            case "missingFileHandler":
                ignoresMissingFiles = node.text.map { $0 != "Error" } ?? false
            default: break
            }
        }

        /// Returns the elements of a list, or a value that is not a list, with those that aliases repeat.
        private func elements(of node: YAMLNode) -> [YAMLNode] {
            guard let node = anchors.resolve(node) else { return [] }
            return node.items?.compactMap(anchors.resolve) ?? [node]
        }

        private mutating func add(
            values node: YAMLNode, _ filePrecedence: Precedence, _ precedence: Precedence
        ) {
            guard let text = node.text else {
                add(.values(node, anchors, isText: false), precedence)
                return
            }
            guard text.contains(":") else { return add(file: node, filePrecedence) }
            var budget = Anchors.mergeLimit
            let stream = TemplatedYAML.stream(parsing: Array(text.utf8))
            guard let root = stream?.documents.first?.root,
                let anchors = try? Anchors(root, mergeBudget: &budget)
            else { return }
            add(.values(root, anchors, isText: true), precedence)
        }

        private mutating func add(file node: YAMLNode, _ precedence: Precedence) {
            guard let path = MergedMapping.text(node) else { return }
            // A secret has credentials, and hardly the names of images: `secrets://`, `secrets+age-import://`.
            let scheme = path.split(separator: ":", maxSplits: 1).first ?? ""
            guard !path.contains("://") || !scheme.hasPrefix("secrets") else { return }
            add(.file(path), precedence)
        }

        private mutating func add(parameters node: YAMLNode) {
            func addParameter(_ name: YAMLNode?, _ value: YAMLNode?) {
                guard let name = name?.text, let value else { return }
                let keys = name.split(separator: ".").map(String.init)
                add(.parameter(keys: keys, value: value), .parameters)
            }
            for item in elements(of: node) { addParameter(item["name"], item["value"]) }
            for entry in anchors.resolve(node)?.entries ?? [] {
                addParameter(entry.key, entry.value)
            }
        }

        private mutating func add(resource node: YAMLNode) {
            if let target = node["targetPath"]?.text {
                let keys = target.split(separator: ".").map(String.init)
                add(.parameter(keys: keys, value: nil), .parameters)
            } else if node["kind"]?.text != "Secret", node["secretKeyRef"] == nil {
                add(.resource(node["name"]?.text ?? "another resource"), .files)
            }
        }
    }
}

extension ReleaseValues.Content {
    /// A Boolean value that indicates whether a source whose values are not known decides about each image, not
    /// only about those whose repository another file has.
    var canBeOfAnyImage: Bool {
        if case .unknownFiles = self { true } else { false }
    }

    /// The reason for which an image is uncertain, for a source whose values are not known.
    var uncertainty: String {
        switch self {
        case .file(let path), .missingFile(let path):
            "\(path) is not there and may change the image"
        case .resource(let name): "the values in '\(name)' may change the image"
        case .unknownFiles(let reason): reason
        case .values, .parameter: "other values may change the image"
        }
    }
}
