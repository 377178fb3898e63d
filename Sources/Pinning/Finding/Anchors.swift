// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The anchors of a document, the aliases that use them, and the mappings that merge keys lead to.
///
/// Nothing is expanded: an alias costs one lookup in a table, and merge keys share a budget, so a
/// small file cannot become a large one.
struct Anchors {
    private struct Definition {
        let offset: Int
        let node: YAMLNode
        var uses: [YAMLMark] = []
    }

    /// A mapping that others can merge.
    private struct Mergeable {
        let keys: KeyIndex
        let sources: [YAMLNode]
    }

    /// An error that indicates that the merge keys of a file lead to more mappings than its budget
    /// allows.
    struct MergeLimitExceeded: Error {
        /// The mapping at which the budget was exceeded.
        let node: YAMLNode
    }

    /// The maximum number of mappings that the merge keys of a file lead to, counted once for each
    /// merge.
    static let mergeLimit = 30_000
    /// The maximum number of uses of a value that are recorded for reports.
    private static let useLimit = 100
    /// The maximum length of a scalar that is read through an alias or a merge key.
    ///
    /// No part of a reference is longer, and a long text with thousands of aliases would be read as
    /// often.
    private static let textLimit = 512

    private var definitions: [String: [Definition]] = [:]
    private var mergeables: [Range<Int>: Mergeable] = [:]

    /// Creates the anchors of a document without anchors.
    init() {}

    /// Collects the anchors of a document.
    ///
    /// - Parameters:
    ///   - root: The value of the document.
    ///   - budget: The number of mappings to which merge keys may still lead; reduced by those of
    ///     the document.
    /// - Throws: ``MergeLimitExceeded`` if the budget is exceeded.
    init(_ root: YAMLNode, mergeBudget budget: inout Int) throws(MergeLimitExceeded) {
        var merging: [YAMLNode] = []
        collect(root, merging: &merging)
        for node in merging {
            guard let count = merged(into: node, limit: budget)?.steps else {
                throw MergeLimitExceeded(node: node)
            }
            budget -= count
        }
    }

    private mutating func collect(_ node: YAMLNode, merging: inout [YAMLNode]) {
        if let name = node.anchor {
            definitions[name, default: []].append(
                Definition(offset: node.range.lowerBound, node: node))
            addMergeable(node)
        }
        switch node.kind {
        case .alias(let name):
            if let index = index(of: name, before: node.range.lowerBound),
                let count = definitions[name]?[index].uses.count, count < Self.useLimit
            {
                definitions[name]?[index].uses.append(node.mark)
            }
        case .mapping(let entries, _):
            var merges = false
            for entry in entries {
                if entry.key.text == "<<" {
                    merges = true
                    addMergeable(entry.value)
                }
                collect(entry.key, merging: &merging)
                collect(entry.value, merging: &merging)
            }
            if merges { merging.append(node) }
        case .sequence(let items, _):
            for item in items { collect(item, merging: &merging) }
        case .scalar:
            break
        }
    }

    private mutating func addMergeable(_ node: YAMLNode) {
        switch node.kind {
        case .mapping(let entries, _):
            mergeables[node.range] = Mergeable(
                keys: KeyIndex(entries), sources: Self.sources(of: entries))
        case .sequence(let items, _):
            for item in items where item.entries != nil { addMergeable(item) }
        case .scalar, .alias: break
        }
    }

    private static func sources(of entries: [YAMLNode.Entry]) -> [YAMLNode] {
        entries.indices.filter { entries[$0].key.text == "<<" }.map { entries[$0].value }
    }

    /// Returns the key tables of the mappings that a mapping merges, in order of precedence.
    func mergedKeys(of node: YAMLNode) -> [KeyIndex] {
        merged(into: node, limit: Self.mergeLimit)?.keys ?? []
    }

    /// Returns the mappings that a mapping merges, in order of precedence.
    func mergedMappings(of node: YAMLNode) -> [YAMLNode] {
        merged(into: node, limit: Self.mergeLimit)?.mappings ?? []
    }

    /// Follows merge keys in order of precedence, each mapping once.
    ///
    /// - Returns: The mappings, their tables, and the number of followed references; `nil` if it exceeds
    ///   the limit.
    private func merged(
        into node: YAMLNode, limit: Int
    ) -> (mappings: [YAMLNode], keys: [KeyIndex], steps: Int)? {
        var mappings: [YAMLNode] = []
        var keys: [KeyIndex] = []
        var steps = 0
        var seen: Set<Range<Int>> = [node.range]
        var pending = Array(Self.sources(of: node.entries ?? []).reversed())
        while let source = pending.popLast() {
            steps += 1
            guard steps <= limit else { return nil }
            guard let source = resolve(source) else { continue }
            switch source.kind {
            case .mapping:
                guard seen.insert(source.range).inserted, let merged = mergeables[source.range]
                else { continue }
                mappings.append(source)
                keys.append(merged.keys)
                pending += merged.sources.reversed()
            case .sequence(let items, _):
                guard seen.insert(source.range).inserted else { continue }
                guard items.count <= limit - steps else { return nil }
                pending += items.reversed()
            case .scalar, .alias: continue
            }
        }
        return (mappings, keys, steps)
    }

    /// Returns the index in `definitions[name]` of the last definition before an offset, or
    /// `nil` if there is none.
    private func index(of name: String, before offset: Int) -> Int? {
        guard let all = definitions[name] else { return nil }
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if all[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? low - 1 : nil
    }

    /// Returns the node itself, or the value that its alias repeats; `nil` for an undefined alias,
    /// and for one whose text is too long to be a part of a reference.
    func resolve(_ node: YAMLNode) -> YAMLNode? {
        guard case .alias(let name) = node.kind else { return node }
        guard let index = index(of: name, before: node.range.lowerBound),
            let value = definitions[name]?[index].node
        else { return nil }
        return Self.isRepeatable(value) ? value : nil
    }

    /// Returns a Boolean value that indicates whether a value can be read several times.
    static func isRepeatable(_ node: YAMLNode) -> Bool {
        (node.text?.utf8.count ?? 0) <= textLimit
    }

    /// Returns the positions of the aliases that use the node; at most the first hundred.
    func uses(of node: YAMLNode) -> [YAMLMark] {
        let offset = node.range.lowerBound
        guard let name = node.anchor, let index = index(of: name, before: offset + 1),
            let definition = definitions[name]?[index], definition.offset == offset
        else { return [] }
        return definition.uses
    }
}

/// The values of a mapping by key; the last of several equal keys counts.
struct KeyIndex {
    private let entries: [YAMLNode.Entry]
    /// The index of each key; `nil` for a small mapping, which is searched as fast without a table.
    private let indices: [String: Int]?

    init(_ entries: [YAMLNode.Entry]) {
        self.entries = entries
        guard entries.count > 8 else {
            indices = nil
            return
        }
        var indices: [String: Int] = [:]
        for index in entries.indices {
            if let key = entries[index].key.text { indices[key] = index }
        }
        self.indices = indices
    }

    /// The keys that are text.
    var texts: [String] { entries.compactMap(\.key.text) }

    /// Returns the value of a key.
    subscript(key: String) -> YAMLNode? {
        let index =
            if let indices {
                indices[key]
            } else {
                entries.indices.last { entries[$0].key.text == key }
            }
        return index.map { entries[$0].value }
    }
}
