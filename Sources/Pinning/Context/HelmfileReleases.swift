// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The releases of a Helmfile, with the values of the templates that they inherit or merge.
///
/// Source: Helmfile, § Release Template / Conventional Directory Structure.
struct HelmfileReleases {
    /// A document of the file.
    private struct Document {
        let root: YAMLNode
        let anchors: Anchors
    }

    /// The documents up to the one that is being read; their templates apply to its releases.
    private var documents: [Document] = []
    /// All releases.
    private var all: [ReleaseValues] = []
    /// The indices of the releases to which a mapping belongs, by its range.
    private var users: [Range<Int>: [Int]] = [:]
    /// The ranges of the mappings with values of releases, also those that aliases repeat.
    private var values: Set<Range<Int>> = []
    /// The releases that use a file, by the steps of its path, with the source that the file is.
    private var fileUsers: [[Substring]: [(release: Int, source: Int)]] = [:]
    /// The number of mappings that releases may still have.
    private var budget = 20_000

    private static let depthLimit = 8

    /// Reads the releases of a file; `nil` for another file, and for one with too many of them.
    ///
    /// - Parameters:
    ///   - stream: The documents of the file.
    ///   - directory: The directory of the Helmfile.
    ///
    /// Source: Helmfile, § Environment Values: later parts of a file see those before them.
    init?(_ stream: YAMLDocumentStream, in directory: String) {
        guard stream.documents.contains(where: { $0.root["releases"]?.items != nil }) else {
            return nil
        }
        var mergeBudget = Anchors.mergeLimit
        for document in stream.documents {
            guard let anchors = try? Anchors(document.root, mergeBudget: &mergeBudget) else {
                return nil
            }
            documents.append(Document(root: document.root, anchors: anchors))
            for item in (document.root["releases"]?.items ?? []).compactMap(anchors.resolve)
            where item.entries != nil {
                add(item, anchors, in: directory)
                guard budget > 0 else { return nil }
            }
        }
    }

    private mutating func add(_ item: YAMLNode, _ anchors: Anchors, in directory: String) {
        var mappings: [ReleaseValues.Part] = []
        collect(item, anchors, omitting: [], depth: 0, into: &mappings)
        let nodes = mappings.flatMap { part in
            [part.mapping.node] + part.anchors.mergedMappings(of: part.mapping.node)
        }
        for range in Set(nodes.map(\.range)) { users[range, default: []].append(all.count) }
        let release = ReleaseValues(mappings)
        if case .directory(let stated)? = release.chart,
            let chart = LexicalPath.directory(stated, from: directory)
        {
            fileUsers[LexicalPath.steps(of: "\(chart)values.yaml"), default: []].append(
                (all.count, ReleaseValues.chartIndex))
        }
        for (index, source) in release.sources.enumerated() {
            switch source {
            case .file(let path):
                fileUsers[LexicalPath.steps(of: directory + path), default: []].append(
                    (all.count, index))
            case .values(let root, _, isText: false):
                budget -= 1
                values.insert(root.range)
                if users[root.range]?.last != all.count {
                    users[root.range, default: []].append(all.count)
                }
            case .values, .parameter, .resource: break
            }
        }
        all.append(release)
    }

    /// Returns the releases that use a file, with the indices of the source that the file is.
    func releases(withFile path: String) -> [(release: ReleaseValues, source: Int)] {
        (fileUsers[LexicalPath.steps(of: path)] ?? []).map { (all[$0.release], $0.source) }
    }

    /// Returns the releases to which a mapping belongs: a release, a template, or values; `nil` for
    /// another mapping.
    func releases(of node: YAMLNode) -> [ReleaseValues]? {
        users[node.range].map { $0.map { all[$0] } }
    }

    /// Returns a Boolean value that indicates whether a mapping has values of a release.
    func hasValues(_ node: YAMLNode) -> Bool { values.contains(node.range) }

    /// Collects the templates of a release or a template before itself.
    private mutating func collect(
        _ node: YAMLNode, _ anchors: Anchors, omitting omitted: Set<String>, depth: Int,
        into mappings: inout [ReleaseValues.Part]
    ) {
        budget -= 1
        guard depth < Self.depthLimit, budget > 0 else { return }
        let mapping = MergedMapping(node, anchors)
        for item in mapping["inherit"]?.items ?? [] {
            guard let name = item["template"]?.text,
                let (template, anchors) = template(named: name)
            else { continue }
            let except = (item["except"]?.items ?? []).compactMap(\.text)
            collect(
                template, anchors, omitting: omitted.union(except), depth: depth + 1,
                into: &mappings)
        }
        mappings.append(ReleaseValues.Part(mapping: mapping, anchors: anchors, omitted: omitted))
    }

    /// Returns the template with a name of the last document that has one.
    private func template(named name: String) -> (node: YAMLNode, anchors: Anchors)? {
        documents.reversed().lazy.compactMap { document in
            document.root["templates"]?[name].flatMap(document.anchors.resolve)
                .map { ($0, document.anchors) }
        }.first
    }
}
