// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A mapping as a loader of values sees it: own keys first, then those of `<<`.
struct MergedMapping {
    let node: YAMLNode
    private let anchors: Anchors

    /// More merges than anybody nests; a mapping that merges itself ends here.
    private static let mergeDepth = 8

    init(_ node: YAMLNode, _ anchors: Anchors) {
        self.node = node
        self.anchors = anchors
    }

    /// The value that wins for a key, with aliases resolved.
    subscript(key: String) -> YAMLNode? {
        lookup(key, in: node, depth: 0)
    }

    /// The first of the keys that the mapping has, with its value.
    func first(of keys: [String]) -> (key: String, value: YAMLNode)? {
        for key in keys {
            if let value = self[key] { return (key, value) }
        }
        return nil
    }

    /// The text of a key's scalar; nil for null, for other kinds and where the key is missing.
    func text(_ key: String) -> String? {
        self[key].flatMap(Self.text)
    }

    /// The text of a scalar that is not null and not empty.
    static func text(_ node: YAMLNode) -> String? {
        guard let text = node.text, !text.isEmpty, !node.isNull else { return nil }
        return text
    }

    /// Whether the mapping itself, not a merged one, has the key.
    func owns(_ key: String) -> Bool {
        node[key] != nil
    }

    /// The first of the keys, by name, that stands more than once.
    func repeated(of keys: Set<String>) -> String? {
        var seen: Set<String> = []
        var repeated: String?
        for entry in node.entries ?? [] {
            guard let key = entry.key.text, keys.contains(key), !seen.insert(key).inserted else {
                continue
            }
            repeated = repeated.map { min($0, key) } ?? key
        }
        return repeated
    }

    private func lookup(_ key: String, in node: YAMLNode, depth: Int) -> YAMLNode? {
        guard depth < Self.mergeDepth, let entries = node.entries else { return nil }
        if let index = entries.indices.last(where: { entries[$0].key.text == key }) {
            return anchors.resolve(entries[index].value)
        }
        for index in entries.indices where entries[index].key.text == "<<" {
            guard let merged = anchors.resolve(entries[index].value) else { continue }
            for source in merged.items ?? [merged] {
                guard let source = anchors.resolve(source) else { continue }
                if let value = lookup(key, in: source, depth: depth + 1) { return value }
            }
        }
        return nil
    }
}
