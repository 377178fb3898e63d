// SPDX-License-Identifier: Apache-2.0

/// The effect of a function on the values in its arguments.
///
/// Source: Sprig; Helm, template functions.
enum TemplateFunction: Sendable {
    /// The result is the output of a named template.
    case include
    /// The result is an element of a mapping or a list: `index VALUE KEY …`.
    case index
    /// The result is an element of a mapping: `dig KEY … DEFAULT VALUE`.
    case dig
    /// The result is a dictionary.
    case dictionary
    /// The result is a list of the arguments.
    case list
    /// The result is an element of a list.
    case element
    /// The result is a list with elements of lists.
    case elements
    /// The result is a list with the elements of the first argument, and the others: `append LIST VALUE`.
    case append
    /// The result is a copy of the argument.
    case copy
    /// The function adds a key to a dictionary: `set DICTIONARY KEY VALUE`.
    case set
    /// The function adds dictionaries to the first one, whose values have precedence unless the function
    /// overwrites them.
    case merge(overwrites: Bool)
    /// The result is the first argument that is not empty: `coalesce VALUE …`.
    case coalesce
    /// The result is the last argument, or the first one if that is empty: `default OTHER VALUE`.
    case fallback
    /// The result is one of the first two arguments: `ternary VALUE OTHER CONDITION`.
    case choice
    /// The result has the elements with a key of mappings: `pluck KEY MAPPING …`.
    case pluck
    /// The result is that of a template in the first argument, in a context: `tpl TEMPLATE CONTEXT`.
    case evaluate
    /// The result is a text that combines the arguments by a format: `printf FORMAT VALUE …`.
    case format
    /// The result is a text with all arguments, in their order.
    case concatenate
    /// The result is a text with the elements of a list: `join SEPARATOR LIST`.
    case join
    /// The result is empty if one of the arguments is: `and VALUE …`.
    case conjunction
    /// The result is whether the argument is empty.
    case negation
    /// The result depends on the arguments but does not contain them.
    case test
    /// The function reads the arguments as versions.
    case compare
    /// The function removes parts of a digest that its first argument, a text, describes.
    case remove(@Sendable (Substring) -> TemplateValue.Obstacles)
    /// The result can contain every argument that is not a text of the template, as for `trimPrefix`.
    case pass

    init(_ name: Substring) {
        self = Self.table[name] ?? .pass
    }

    private static let table: [Substring: TemplateFunction] = {
        var table: [Substring: TemplateFunction] = [
            "include": .include, "template": .include, "index": .index, "get": .index, "dig": .dig,
            "dict": .dictionary, "list": .list, "tuple": .list, "semver": .compare,
            "semverCompare": .compare,
            "mustSemverCompare": .compare, "replace": .remove(replaced),
            "set": .set, "merge": .merge(overwrites: false),
            "mustMerge": .merge(overwrites: false), "mergeOverwrite": .merge(overwrites: true),
            "mustMergeOverwrite": .merge(overwrites: true), "trunc": .remove(truncated),
            "substr": .remove { _ in .length }, "coalesce": .coalesce, "or": .coalesce,
            "default": .fallback, "ternary": .choice, "pluck": .pluck, "tpl": .evaluate,
            "printf": .format, "print": .concatenate, "println": .concatenate,
            "cat": .concatenate, "join": .join, "and": .conjunction, "not": .negation,
            "empty": .negation, "append": .append, "mustAppend": .append, "prepend": .append,
            "mustPrepend": .append, "push": .append, "mustPush": .append,
        ]
        for name in [
            "deepCopy", "mustDeepCopy", "fromYaml", "fromJson", "mustFromJson", "pick", "omit",
        ] {
            table[Substring(name)] = .copy
        }
        for name in ["first", "last", "mustFirst", "mustLast"] {
            table[Substring(name)] = .element
        }
        for name in [
            "rest", "initial", "concat", "reverse", "uniq", "without",
            "compact", "slice",
        ] {
            table[Substring(name)] = .elements
            table["must\(name.prefix(1).uppercased())\(name.dropFirst())"] = .elements
        }
        for name in ["split", "splitList", "splitn", "regexSplit", "mustRegexSplit", "cut"] {
            table[Substring(name)] = .remove { $0.contains("@") ? .all : [] }
        }
        for name in [
            "regexReplaceAll", "regexReplaceAllLiteral", "mustRegexReplaceAll",
            "mustRegexReplaceAllLiteral",
        ] {
            table[Substring(name)] = .remove(replacedByPattern)
        }
        for name in ["regexFind", "mustRegexFind", "regexFindAll", "mustRegexFindAll"] {
            table[Substring(name)] = .remove(foundByPattern)
        }
        for name in [
            "hasKey", "has", "mustHas", "kindIs", "kindOf", "typeIs", "typeOf",
            "typeIsLike", "eq", "ne", "lt", "le", "gt", "ge", "contains", "hasPrefix",
            "hasSuffix", "regexMatch", "mustRegexMatch", "len", "all", "any", "deepEqual", "fail",
            "sha1sum", "sha256sum", "sha512sum", "adler32sum", "b64enc", "b32enc", "int", "int64",
            "float64", "atoi", "keys", "isset",
        ] {
            table[Substring(name)] = .test
        }
        return table
    }()

    @Sendable private static func replaced(_ text: Substring) -> TemplateValue.Obstacles {
        var parts: TemplateValue.Obstacles = []
        if text.contains("@") { parts.insert(.at) }
        if text.contains(":") { parts.insert(.colon) }
        return parts
    }

    /// Source: Kubernetes: a label has at most 63 characters.
    @Sendable private static func truncated(_ text: Substring) -> TemplateValue.Obstacles {
        Int(text).map { $0 > 0 && $0 <= 63 } ?? false ? .length : []
    }

    /// A pattern that names the `@` removes the digest; one of other characters replaces both signs.
    @Sendable private static func replacedByPattern(_ pattern: Substring) -> TemplateValue.Obstacles
    {
        if pattern.contains("[^") || pattern.contains("\\W") {
            return pattern.contains("@") ? [] : [.at, .colon]
        }
        return pattern.contains("@") ? .all : []
    }

    /// The found text has no digest unless the pattern permits arbitrary characters.
    @Sendable private static func foundByPattern(_ pattern: Substring) -> TemplateValue.Obstacles {
        let isArbitrary =
            pattern.contains(".*") || pattern.contains(".+") || pattern.contains("\\S")
            || (pattern.contains("[^") && !pattern.contains("@"))
        return isArbitrary ? [] : .all
    }
}
