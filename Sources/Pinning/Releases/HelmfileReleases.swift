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
        /// The name of the file, if it is another one.
        let file: String?
    }

    /// The documents up to the one that is being read; their templates apply to its releases.
    private var documents: [Document] = []
    /// All releases.
    private(set) var all: [ReleaseValues] = []
    /// The indices of the releases to which a mapping belongs, by its range.
    private var users: [Range<Int>: [Int]] = [:]
    /// The ranges of the mappings with values of releases, also those that aliases repeat.
    private var values: Set<Range<Int>> = []
    /// The names of the environments; `nil` if the file does not state all of them.
    ///
    /// Source: Helmfile, § Environment: without a name, the environment is `default`.
    private(set) var environments: Set<String>?
    /// The number of mappings that releases may still have.
    private var budget = 20_000

    private static let depthLimit = 8

    /// A Helmfile on which another one is based.
    struct Base {
        let file: String
        let stream: YAMLDocumentStream
    }

    /// Reads the releases of a file, and the files on which it is based; `nil` for another file.
    init?(_ stream: YAMLDocumentStream, of file: String, in files: RepositoryFiles?) {
        guard Self.hasReleases(stream) else { return nil }
        self.init(stream, basedOn: files?.helmfileBases(of: stream, in: file) ?? [])
    }

    private static func hasReleases(_ stream: YAMLDocumentStream) -> Bool {
        stream.documents.contains { $0.root["releases"]?.items != nil }
    }

    /// Reads the releases of a file; `nil` for another file, and for one with too many of them.
    ///
    /// - Parameters:
    ///   - stream: The documents of the file.
    ///   - bases: The files on which it is based.
    ///
    /// Source: Helmfile, § Environment Values: later parts of a file see those before them; § Layering.
    private init?(_ stream: YAMLDocumentStream, basedOn bases: [Base]) {
        var mergeBudget = Anchors.mergeLimit
        let all = bases.flatMap { base in
            base.stream.documents.map { ($0.root, Optional(base.file)) }
        }
        for (root, file) in all + stream.documents.map({ ($0.root, nil) }) {
            guard let anchors = try? Anchors(root, mergeBudget: &mergeBudget) else {
                return nil
            }
            documents.append(Document(root: root, anchors: anchors, file: file))
            addEnvironments(of: root)
            for item in (root["releases"]?.items ?? []).compactMap(anchors.resolve)
            where item.entries != nil {
                add(item, in: documents[documents.count - 1])
                guard budget > 0 else { return nil }
            }
        }
    }

    private mutating func addEnvironments(of root: YAMLNode) {
        let names = (root["environments"]?.entries ?? []).compactMap(\.key.text)
        guard !names.isEmpty, !names.contains(where: TemplatedYAML.hasExpressions) else { return }
        environments = (environments ?? ["default"]).union(names)
    }

    private mutating func add(_ item: YAMLNode, in document: Document) {
        var mappings: [ReleaseValues.Part] = []
        collect(item, in: document, omitting: [], depth: 0, into: &mappings)
        let nodes = mappings.filter { $0.file == nil }.flatMap { part in
            [part.mapping.node] + part.anchors.mergedMappings(of: part.mapping.node)
        }
        for range in Set(nodes.map(\.range)) { users[range, default: []].append(all.count) }
        let release = ReleaseValues(mappings)
        for source in release.sources where source.file == nil {
            guard case .values(let root, _, isText: false) = source.content else { continue }
            budget -= 1
            values.insert(root.range)
            if users[root.range]?.last != all.count {
                users[root.range, default: []].append(all.count)
            }
        }
        all.append(release)
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
        _ node: YAMLNode, in document: Document, omitting omitted: Set<String>, depth: Int,
        into mappings: inout [ReleaseValues.Part]
    ) {
        budget -= 1
        guard depth < Self.depthLimit, budget > 0 else { return }
        let mapping = MergedMapping(node, document.anchors)
        for item in mapping["inherit"]?.items ?? [] {
            guard let name = item["template"]?.text,
                let (template, document) = template(named: name)
            else { continue }
            let except = (item["except"]?.items ?? []).compactMap(\.text)
            collect(
                template, in: document, omitting: omitted.union(except), depth: depth + 1,
                into: &mappings)
        }
        mappings.append(
            ReleaseValues.Part(
                mapping: mapping, anchors: document.anchors, omitted: omitted, file: document.file))
    }

    /// Returns the template with a name of the last document that has one.
    private func template(named name: String) -> (node: YAMLNode, document: Document)? {
        documents.reversed().lazy.compactMap { document in
            document.root["templates"]?[name].flatMap(document.anchors.resolve)
                .map { ($0, document) }
        }.first
    }
}
