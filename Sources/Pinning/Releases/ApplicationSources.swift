// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The sources of an application of Argo CD.
///
/// Source: Argo CD, `ApplicationSpec`; `ApplicationSet` § Git generator: `{{path}}` is a directory.
struct ApplicationSources {
    /// A source, and its directories in the repository.
    struct Source {
        let node: YAMLNode
        /// The directories, from the root of the repository; none for a source in another place.
        let paths: [String]
    }

    let kind: String
    private(set) var all: [Source] = []
    /// The number of generators that may still be visited.
    private var budget = 10_000

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
        for source in sources {
            guard source["chart"] == nil, let path = source["path"]?.text else {
                all.append(Source(node: source, paths: []))
                continue
            }
            guard let generators, path.contains("path") else {
                all.append(Source(node: source, paths: [path]))
                continue
            }
            let directories = directories(ofGenerators: generators)
            all.append(
                Source(
                    node: source, paths: directories.map { Self.path(path, inDirectory: $0) }))
        }
    }

    /// Returns the directories of the generators, as patterns.
    private mutating func directories(ofGenerators node: YAMLNode) -> [String] {
        budget -= 1
        guard budget > 0 else { return [] }
        let git = node["git"]
        var found = (git?["directories"]?.items ?? []).compactMap { $0["path"]?.text }
        found += (git?["files"]?.items ?? []).compactMap { item in
            item["path"]?.text.map(LexicalPath.directory)
        }
        for item in node.items ?? [] { found += directories(ofGenerators: item) }
        for kind in ["matrix", "merge"] {
            if let inner = node[kind]?["generators"] { found += directories(ofGenerators: inner) }
        }
        return found
    }

    /// Returns a path with a directory of a generator in place of `{{path}}`.
    private static func path(_ path: String, inDirectory directory: String) -> String {
        let steps = directory.split(separator: "/")
        let pattern = steps.enumerated().map { index, step in
            let name = index == steps.count - 1 ? "path.basename" : "path\(index)"
            return step == "*" ? "\(TemplatedYAML.begin)\(name)\(TemplatedYAML.end)" : String(step)
        }.joined(separator: "/")
        var result = TemplatedYAML.replacingExpressions(in: path)
        for name in ["path", ".path.path"] {
            result.replace("\(TemplatedYAML.begin)\(name)\(TemplatedYAML.end)", with: pattern)
        }
        return result
    }
}
