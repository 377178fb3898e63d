// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A mapping with its merge keys applied: its own keys take precedence over those of `<<`.
struct MergedMapping {
    let node: YAMLNode
    private let anchors: Anchors
    private let keys: KeyIndex
    private let mergedKeys: [KeyIndex]
    /// The values of a mapping that a file writes as names and values.
    private let listed: [String: YAMLNode]?
    /// The values that another file sets.
    private var overrides: [String: YAMLNode] = [:]

    init(_ node: YAMLNode, _ anchors: Anchors) {
        self.node = node
        self.anchors = anchors
        keys = KeyIndex(node.entries ?? [])
        mergedKeys = keys["<<"] == nil ? [] : anchors.mergedKeys(of: node)
        listed = nil
    }

    /// Creates a mapping from names and values such as Argo CD's `parameters`, to which keys cannot be
    /// added.
    init(listed: [String: YAMLNode], in parent: YAMLNode) {
        node = parent
        anchors = Anchors()
        keys = KeyIndex([])
        mergedKeys = []
        self.listed = listed
    }

    /// Returns the mapping with some values of a layer over it.
    func overridden(by layer: MergedMapping, keys: [String]) -> MergedMapping {
        var mapping = self
        for key in keys { mapping.overrides[key] = layer[key] }
        return mapping
    }

    /// A Boolean value that indicates whether keys can be added to the mapping.
    var isExtensible: Bool { listed == nil }

    /// Returns the effective value of a key, with aliases resolved.
    subscript(key: String) -> YAMLNode? {
        if let value = overrides[key] { return value }
        if let listed { return listed[key] }
        if let value = keys[key] { return anchors.resolve(value) }
        for keys in mergedKeys {
            guard let value = keys[key] else { continue }
            return anchors.resolve(value).flatMap { Anchors.isRepeatable($0) ? $0 : nil }
        }
        return nil
    }

    /// The keys of the mapping and of the mappings that it merges, in their order.
    var allKeys: [String] {
        var seen: Set<String> = []
        return (keys.texts + mergedKeys.flatMap(\.texts)).filter { seen.insert($0).inserted }
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
        listed.map { $0[key] != nil } ?? (keys[key] != nil)
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
