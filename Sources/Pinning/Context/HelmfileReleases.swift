// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The releases of a Helmfile, with the values of the templates that they inherit or merge.
///
/// Source: Helmfile, § Release Template / Conventional Directory Structure.
struct HelmfileReleases {
    private let root: YAMLNode
    private let anchors: Anchors
    /// All releases.
    private var all: [ReleaseValues] = []
    /// The indices of the releases to which a mapping belongs, by its range.
    private var users: [Range<Int>: [Int]] = [:]
    /// The releases that use a file, by the steps of its path, with the source that the file is.
    private var fileUsers: [[Substring]: [(release: Int, source: Int)]] = [:]
    /// The number of mappings that releases may still have.
    private var budget = 20_000

    private static let depthLimit = 8

    /// Reads the releases of a document; `nil` for another document.
    ///
    /// - Parameters:
    ///   - root: The value of the document.
    ///   - anchors: Its anchors.
    ///   - directory: The directory of the Helmfile.
    init?(_ root: YAMLNode, _ anchors: Anchors, in directory: String) {
        guard let items = root["releases"]?.items else { return nil }
        self.root = root
        self.anchors = anchors
        for item in items.compactMap(anchors.resolve) where item.entries != nil {
            var mappings: [(MergedMapping, Set<String>)] = []
            collect(item, omitting: [], depth: 0, into: &mappings)
            guard budget > 0 else { return nil }
            let nodes = mappings.flatMap { [$0.0.node] + anchors.mergedMappings(of: $0.0.node) }
            for range in Set(nodes.map(\.range)) { users[range, default: []].append(all.count) }
            let release = ReleaseValues(mappings, anchors)
            for case (let index, .file(let path)) in release.sources.enumerated() {
                fileUsers[LexicalPath.steps(of: directory + path), default: []].append(
                    (all.count, index))
            }
            all.append(release)
        }
    }

    /// Returns the releases that use a file, with the indices of the source that the file is.
    func releases(withFile path: String) -> [(release: ReleaseValues, source: Int)] {
        (fileUsers[LexicalPath.steps(of: path)] ?? []).map { (all[$0.release], $0.source) }
    }

    /// Returns the releases to which a mapping belongs: a release, or a template; `nil` for another
    /// mapping.
    func releases(of node: YAMLNode) -> [ReleaseValues]? {
        users[node.range].map { $0.map { all[$0] } }
    }

    /// Collects the templates of a release or a template before itself.
    private mutating func collect(
        _ node: YAMLNode, omitting omitted: Set<String>, depth: Int,
        into mappings: inout [(MergedMapping, Set<String>)]
    ) {
        budget -= 1
        guard depth < Self.depthLimit, budget > 0 else { return }
        let mapping = MergedMapping(node, anchors)
        for item in mapping["inherit"]?.items ?? [] {
            guard let name = item["template"]?.text,
                let template = root["templates"]?[name].flatMap(anchors.resolve)
            else { continue }
            let except = (item["except"]?.items ?? []).compactMap(\.text)
            collect(
                template, omitting: omitted.union(except), depth: depth + 1, into: &mappings)
        }
        mappings.append((mapping, omitted))
    }
}
