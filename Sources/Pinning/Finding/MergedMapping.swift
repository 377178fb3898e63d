// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A mapping as a loader of values sees it: own keys first, then those of `<<`.
struct MergedMapping {
    let node: YAMLNode
    private let anchors: Anchors
    private let keys: KeyIndex
    private let mergedKeys: [KeyIndex]

    init(_ node: YAMLNode, _ anchors: Anchors) {
        self.node = node
        self.anchors = anchors
        keys = KeyIndex(node.entries ?? [])
        mergedKeys = keys["<<"] == nil ? [] : anchors.mergedKeys(of: node)
    }

    /// The value that wins for a key, with aliases resolved.
    subscript(key: String) -> YAMLNode? {
        if let value = keys[key] { return anchors.resolve(value) }
        for keys in mergedKeys {
            guard let value = keys[key] else { continue }
            return anchors.resolve(value).flatMap { Anchors.isRepeatable($0) ? $0 : nil }
        }
        return nil
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
        keys[key] != nil
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
}
