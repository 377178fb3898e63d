// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The sources of an application of Argo CD.
///
/// Source: Argo CD, `ApplicationSpec`; `ApplicationSet` § Git generator: `{{path}}` is a directory.
struct ApplicationSources {
    /// A source, and its directories in the repository.
    struct Source {
        let node: YAMLNode
        /// The path of a directory, from the root of the repository; `nil` for a source in another place.
        let path: String?
        /// The texts of expressions in each application.
        let parameters: [GeneratorParameters]

        /// The directories, from the root of the repository; none for a source in another place.
        var paths: [String] {
            guard let path else { return [] }
            return Set(parameters.map { $0.replacingExpressions(in: path) }).sorted()
        }
    }

    let kind: String
    private(set) var all: [Source] = []

    /// Creates the list of the sources of a resource; `nil` for another resource.
    init?(_ root: YAMLNode) {
        let isArgo = root["apiVersion"]?.text?.hasPrefix("argoproj.io/") ?? false
        kind = root["kind"]?.text ?? ""
        switch kind {
        case "Application" where isArgo: read(root["spec"], generators: nil)
        case "ApplicationSet":
            read(root["spec"]?["template"]?["spec"], generators: root["spec"]?["generators"])
        default: return nil
        }
    }

    private mutating func read(_ spec: YAMLNode?, generators: YAMLNode?) {
        let sources = [spec?["source"]].compactMap(\.self) + (spec?["sources"]?.items ?? [])
        let parameters = generators.map(GeneratorParameters.all) ?? [GeneratorParameters()]
        all = sources.map { source in
            Source(
                node: source, path: source["chart"] == nil ? source["path"]?.text : nil,
                parameters: parameters)
        }
    }
}
