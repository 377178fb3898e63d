// SPDX-License-Identifier: Apache-2.0

/// A value of a YAML document and its position in the file.
///
/// Aliases and merge keys are kept as they are. Nothing is expanded, so a small file cannot become
/// a large tree.
public struct YAMLNode: Hashable, Sendable {
    /// The kind and content of a value.
    public enum Kind: Hashable, Sendable {
        /// Text with its escapes decoded and its lines folded.
        case scalar(String, style: ScalarStyle)
        /// Pairs in the order of the file, including duplicate keys.
        case mapping([Entry], style: CollectionStyle)
        /// Values in the order of the file.
        case sequence([YAMLNode], style: CollectionStyle)
        /// A repetition of the value that has this anchor.
        case alias(String)
    }

    /// The style of a scalar.
    public enum ScalarStyle: Hashable, Sendable {
        case plain
        case singleQuoted
        case doubleQuoted
        case literal
        case folded
    }

    /// The style of a mapping or sequence.
    public enum CollectionStyle: Hashable, Sendable {
        case block
        case flow
    }

    /// A key and its value.
    public struct Entry: Hashable, Sendable {
        /// The key: a scalar in nearly every file, but YAML allows any value.
        public let key: YAMLNode
        /// The value; an empty plain scalar if the file has none.
        public let value: YAMLNode
    }

    /// The kind and content of the value.
    public let kind: Kind
    /// The bytes of the value in the file, including quotes and brackets, but not its anchor and
    /// tag.
    ///
    /// A block scalar extends from its `|` or `>` to the end of its last line, including the line
    /// break; a block mapping or sequence from its first key or dash to the end of its last value.
    /// A missing value has an empty range directly after its colon or dash.
    public let range: Range<Int>
    /// The line and column of the start of ``range``.
    public let mark: YAMLMark
    /// The anchor and tag, stored separately because few values have them.
    private let properties: Properties?

    init(
        kind: Kind, range: Range<Int>, mark: YAMLMark, anchor: String? = nil, tag: String? = nil
    ) {
        self.kind = kind
        self.range = range
        self.mark = mark
        properties = anchor == nil && tag == nil ? nil : Properties(anchor: anchor, tag: tag)
    }

    private final class Properties: Hashable, Sendable {
        let anchor: String?
        let tag: String?

        init(anchor: String?, tag: String?) {
            self.anchor = anchor
            self.tag = tag
        }

        static func == (first: Properties, second: Properties) -> Bool {
            first.anchor == second.anchor && first.tag == second.tag
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(anchor)
            hasher.combine(tag)
        }
    }

    /// The name that aliases use, without the `&`.
    public var anchor: String? { properties?.anchor }

    /// The explicit tag, with its handle resolved (`!!str` is `tag:yaml.org,2002:str`).
    public var tag: String? { properties?.tag }
}

extension YAMLNode {
    /// The text of a scalar of any type; `nil` for other kinds.
    public var text: String? {
        guard case .scalar(let text, _) = kind else { return nil }
        return text
    }

    /// A Boolean value that indicates whether the node is a scalar that the core schema resolves to
    /// null.
    public var isNull: Bool {
        guard case .scalar(let text, let style) = kind else { return false }
        switch tag {
        case nil where style == .plain, "tag:yaml.org,2002:null":
            return YAMLScalar.isNull(plain: text)
        default: return YAMLScalar(self) == .null
        }
    }

    /// The pairs of a mapping; `nil` for other kinds.
    public var entries: [Entry]? {
        guard case .mapping(let entries, _) = kind else { return nil }
        return entries
    }

    /// The values of a sequence; `nil` for other kinds.
    public var items: [YAMLNode]? {
        guard case .sequence(let items, _) = kind else { return nil }
        return items
    }

    /// Returns the value of the first entry whose key is the scalar `key`.
    public subscript(key: String) -> YAMLNode? {
        guard let entries, let index = entries.indices.first(where: { entries[$0].key.text == key })
        else { return nil }
        return entries[index].value
    }
}
