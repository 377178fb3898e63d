// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The texts of expressions in an application that generators of an `ApplicationSet` create.
///
/// Source: Argo CD, `ApplicationSet` § Generators: Git, List, Cluster, Matrix and Merge.
struct GeneratorParameters {
    /// The texts, by the names of the expressions; they can have expressions with other names.
    private var texts: [Substring: String] = [:]
    /// A Boolean value that indicates whether there are more applications than those that are read.
    private(set) var isLimited = false

    /// The maximum number of applications with different parameters.
    private static let limit = 256
    /// The maximum number of generators in generators.
    private static let depthLimit = 4

    /// Returns the parameters of each application; those without texts if the generators have none.
    static func all(of generators: YAMLNode) -> [GeneratorParameters] {
        var found = all(of: generators, depth: 0)
        if found.isEmpty { found = [GeneratorParameters()] }
        guard found.count > limit else { return found }
        found = Array(found.prefix(limit))
        for index in found.indices { found[index].isLimited = true }
        return found
    }

    private static func all(of generators: YAMLNode, depth: Int) -> [GeneratorParameters] {
        guard depth < depthLimit else { return [GeneratorParameters()] }
        var found: [GeneratorParameters] = []
        for generator in generators.items ?? [] where found.count <= limit {
            found += parameters(of: generator, depth: depth)
        }
        return found
    }

    private static func parameters(of node: YAMLNode, depth: Int) -> [GeneratorParameters] {
        if let list = node["list"] {
            return (list["elements"]?.items ?? []).prefix(limit + 1).map { element in
                var parameters = GeneratorParameters()
                parameters.add(element, below: "", depth: 0)
                return parameters.adding(values: list)
            }
        }
        if let git = node["git"] {
            let items = (git["directories"]?.items ?? []) + (git["files"]?.items ?? [])
            let prefix = git["pathParamPrefix"]?.text.map { "\($0)." } ?? ""
            return items.filter { $0["exclude"]?.text != "true" }.prefix(limit + 1).map { item in
                var path = item["path"]?.text ?? ""
                if git["directories"] == nil { path = LexicalPath.directory(of: path) }
                var parameters = GeneratorParameters()
                parameters.add(directory: path, prefix)
                return parameters.adding(values: git)
            }
        }
        for kind in ["matrix", "merge"] {
            guard let inner = node[kind]?["generators"] else { continue }
            return (inner.items ?? []).prefix(depthLimit).reduce([GeneratorParameters()]) {
                combined, generator in
                let found = parameters(of: generator, depth: depth + 1)
                return Array(
                    combined.lazy.flatMap { first in
                        found.isEmpty ? [first] : found.map(first.merging)
                    }.prefix(limit + 1))
            }
        }
        // The others have parameters of clusters, branches and pull requests.
        let other = node.entries?.first?.value
        return [other.map { GeneratorParameters().adding(values: $0) } ?? GeneratorParameters()]
    }

    private mutating func add(_ node: YAMLNode, below prefix: String, depth: Int) {
        guard depth < Self.depthLimit else { return }
        for entry in node.entries ?? [] {
            guard let key = entry.key.text else { continue }
            if let text = MergedMapping.text(entry.value) {
                texts["\(prefix)\(key)"[...]] = text
            } else {
                add(entry.value, below: "\(prefix)\(key).", depth: depth + 1)
            }
        }
    }

    /// Adds the parameters of a directory, whose path can be a pattern.
    private mutating func add(directory: String, _ prefix: String) {
        let steps = directory.split(separator: "/")
        // The number of steps is not known.
        guard !steps.contains("**") else { return }
        let patterns = steps.enumerated().map { index, step in
            let isLast = index == steps.count - 1
            let name = "\(prefix)path\(isLast ? ".basename" : "\(index)")"
            let isPattern = step.contains { "*?[{".contains($0) }
            return isPattern ? "\(TemplatedYAML.begin)\(name)\(TemplatedYAML.end)" : String(step)
        }
        for (index, pattern) in patterns.enumerated() {
            texts["\(prefix)path\(index)"[...]] = pattern
        }
        texts["\(prefix)path.basename"[...]] = patterns.last
        for name in ["path", "path.path"] {
            texts["\(prefix)\(name)"[...]] = patterns.joined(separator: "/")
        }
    }

    /// Returns the parameters with the `values` of a generator.
    private func adding(values generator: YAMLNode) -> GeneratorParameters {
        var result = self
        for entry in generator["values"]?.entries ?? [] {
            guard let key = entry.key.text, let text = MergedMapping.text(entry.value) else {
                continue
            }
            result.texts["values.\(key)"[...]] = replacingExpressions(in: text)
        }
        return result
    }

    private func merging(_ other: GeneratorParameters) -> GeneratorParameters {
        var result = self
        for (name, text) in other.texts {
            result.texts[name] = replacingExpressions(in: text)
        }
        return result
    }

    /// Returns a text with the texts of its expressions; others stay between ``TemplatedYAML/begin`` and
    /// ``TemplatedYAML/end``.
    func replacingExpressions(in text: String) -> String {
        let text = TemplatedYAML.replacingExpressions(in: text)
        guard !texts.isEmpty, text.contains(TemplatedYAML.begin) else { return text }
        var result = ""
        var rest = text[...]
        while let begin = rest.firstIndex(of: TemplatedYAML.begin),
            let end = rest[begin...].firstIndex(of: TemplatedYAML.end)
        {
            let name = FilePattern.name(rest[rest.index(after: begin)..<end])
            result += rest[..<begin]
            result += texts[name] ?? String(rest[begin...end])
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }
}
