// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A mapping with its merge keys applied: its own keys take precedence over those of `<<`.
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

    /// Returns the effective value of a key, with aliases resolved.
    subscript(key: String) -> YAMLNode? {
        if let value = keys[key] { return anchors.resolve(value) }
        for keys in mergedKeys {
            guard let value = keys[key] else { continue }
            return anchors.resolve(value).flatMap { Anchors.isRepeatable($0) ? $0 : nil }
        }
        return nil
    }

    /// Returns the first of the keys that the mapping has, with its value.
    func first(of keys: [String]) -> (key: String, value: YAMLNode)? {
        for key in keys {
            if let value = self[key] { return (key, value) }
        }
        return nil
    }

    /// Returns the text of a key's scalar; `nil` for null, for other kinds, and for a missing key.
    func text(_ key: String) -> String? {
        self[key].flatMap(Self.text)
    }

    /// Returns the text of a scalar, or `nil` if it is null or empty.
    static func text(_ node: YAMLNode) -> String? {
        guard let text = node.text, !text.isEmpty, !node.isNull else { return nil }
        return text
    }

    /// Returns a Boolean value that indicates whether the mapping itself, not a merged one, has the
    /// key.
    func owns(_ key: String) -> Bool {
        keys[key] != nil
    }

    /// Returns the first of the keys that is a duplicate, or `nil` if none is.
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

/// Values at the top level of a file that apply to every image in it.
struct Globals {
    /// A registry that replaces the registry of every image.
    private(set) var registry: YAMLNode?
    /// The registry of images that have none.
    private(set) var defaultRegistry: YAMLNode?
    /// The value that allows charts of Bitnami to use other repositories.
    private(set) var allowsInsecureImages: YAMLNode?
    init() {}

    init(_ root: MergedMapping) {
        func value(_ path: String...) -> YAMLNode? {
            var node: YAMLNode? = root.node
            for key in path { node = node?[key] }
            return node.flatMap {
                MergedMapping.text($0) == nil || !Anchors.isRepeatable($0) ? nil : $0
            }
        }
        registry = value("global", "imageRegistry") ?? value("global", "image", "registry")
        defaultRegistry = value("global", "defaultImageRegistry") ?? value("defaultImageRegistry")
        allowsInsecureImages = value("global", "security", "allowInsecureImages")
    }
}
