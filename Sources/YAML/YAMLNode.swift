// SPDX-License-Identifier: Apache-2.0

/// One value of a YAML document, with the place where it stands in the file.
///
/// Aliases stay aliases and merge keys stay keys: nothing is expanded, so a small file can never
/// become a large tree.
public struct YAMLNode: Hashable, Sendable {
    /// What the value is.
    public enum Kind: Hashable, Sendable {
        /// Text, its escapes decoded and its lines folded.
        case scalar(String, style: ScalarStyle)
        /// Pairs in the order of the file; keys that stand twice are kept.
        case mapping([Entry], style: CollectionStyle)
        /// Values in the order of the file.
        case sequence([YAMLNode], style: CollectionStyle)
        /// A repetition of the value that has this anchor.
        case alias(String)
    }

    /// How a scalar is written.
    public enum ScalarStyle: Hashable, Sendable {
        case plain
        case singleQuoted
        case doubleQuoted
        case literal
        case folded
    }

    /// How a mapping or sequence is written.
    public enum CollectionStyle: Hashable, Sendable {
        case block
        case flow
    }

    /// A key with its value.
    public struct Entry: Hashable, Sendable {
        /// The key; a scalar in nearly every file, but YAML allows any value.
        public let key: YAMLNode
        /// The value; an empty plain scalar where the file has none.
        public let value: YAMLNode
    }

    /// What the value is.
    public let kind: Kind
    /// The bytes of the value in the file: quotes and brackets included, anchor and tag not.
    ///
    /// A block scalar reaches from its `|` or `>` to the end of its last line, line break included;
    /// a block mapping or sequence from its first key or dash to the end of its last value. A
    /// value that is not there has an empty range, right after its colon or dash.
    public let range: Range<Int>
    /// Where ``range`` begins, for people.
    public let mark: YAMLMark
    /// The anchor and tag; kept apart, as few values have any and files have many values.
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
    /// The text of a scalar, whatever type it would resolve to.
    public var text: String? {
        guard case .scalar(let text, _) = kind else { return nil }
        return text
    }

    /// Whether this is a scalar that the core schema takes for null.
    public var isNull: Bool {
        guard case .scalar(let text, let style) = kind else { return false }
        switch tag {
        case nil where style == .plain, "tag:yaml.org,2002:null":
            return YAMLScalar.isNull(plain: text)
        default: return YAMLScalar(self) == .null
        }
    }

    /// The pairs of a mapping.
    public var entries: [Entry]? {
        guard case .mapping(let entries, _) = kind else { return nil }
        return entries
    }

    /// The values of a sequence.
    public var items: [YAMLNode]? {
        guard case .sequence(let items, _) = kind else { return nil }
        return items
    }

    /// The value of the first entry whose key is the scalar `key`.
    public subscript(key: String) -> YAMLNode? {
        guard let entries, let index = entries.indices.first(where: { entries[$0].key.text == key })
        else { return nil }
        return entries[index].value
    }
}
