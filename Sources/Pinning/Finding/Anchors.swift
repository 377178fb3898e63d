// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The anchors of a document and who repeats them; nothing is ever expanded.
struct Anchors {
    private struct Definition {
        let offset: Int
        let node: YAMLNode
        var uses: [YAMLMark] = []
    }

    private var definitions: [String: [Definition]] = [:]

    /// A document without any.
    init() {}

    init(_ root: YAMLNode) {
        collect(root)
    }

    private mutating func collect(_ node: YAMLNode) {
        if let name = node.anchor {
            definitions[name, default: []].append(
                Definition(offset: node.range.lowerBound, node: node))
        }
        switch node.kind {
        case .alias(let name):
            if let index = index(of: name, before: node.range.lowerBound) {
                definitions[name]?[index].uses.append(node.mark)
            }
        case .mapping(let entries, _):
            for entry in entries {
                collect(entry.key)
                collect(entry.value)
            }
        case .sequence(let items, _):
            for item in items { collect(item) }
        case .scalar:
            break
        }
    }

    private func index(of name: String, before offset: Int) -> Int? {
        definitions[name]?.lastIndex { $0.offset < offset }
    }

    /// What the node stands for: itself, or what its alias repeats; nil for a broken alias.
    func resolve(_ node: YAMLNode) -> YAMLNode? {
        guard case .alias(let name) = node.kind else { return node }
        return index(of: name, before: node.range.lowerBound)
            .flatMap { definitions[name]?[$0].node }
    }

    /// Where else the node is used, by alias.
    func uses(of node: YAMLNode) -> [YAMLMark] {
        guard let name = node.anchor else { return [] }
        return definitions[name]?.first { $0.offset == node.range.lowerBound }?.uses ?? []
    }
}
