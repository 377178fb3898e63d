// SPDX-License-Identifier: Apache-2.0

/// The name and the tag, or the digest, that a template combines to an image.
struct TagCombination: Hashable, Sendable {
    /// Values below `.Values`, as paths in which `*` is any step.
    struct Alternatives: Hashable, Sendable {
        fileprivate(set) var paths: [[String]]
        /// A Boolean value that indicates whether the first one that is not empty is used.
        let isOrdered: Bool
    }

    struct Condition: Hashable, Sendable {
        fileprivate(set) var values: Alternatives
        /// A Boolean value that indicates whether all values are empty; otherwise one is not.
        let isEmpty: Bool
    }

    /// The values with the name; empty if only a text of the template has it.
    private(set) var names: Alternatives
    /// The text of the template between the name and the tag, without the separator.
    let text: String
    private(set) var tags: Alternatives
    /// The values before the name that can have its registry.
    private(set) var registries: Alternatives
    private(set) var conditions: [Condition]

    /// Creates the combinations of a word.
    static func all(in word: TemplateWord) -> [TagCombination] {
        word.parts.indices.compactMap { TagCombination(of: word, tagIn: $0) }
    }

    private init?(of word: TemplateWord, tagIn index: Int) {
        let part = word.parts[index]
        // An at sign precedes a digest, never a tag.
        let tags = Alternatives(
            part.value,
            where: part.text.hasSuffix("@") ? ImageKeys.isDigest : ImageKeys.isVersion)
        guard !tags.paths.isEmpty, part.text.isEmpty || ":@".contains(part.text.suffix(1)),
            word.parts.first?.text.hasPrefix("pkg:") == false,
            !word.parts[...index].contains(where: { Self.hasOtherScheme($0.text) })
        else { return nil }
        text = String(part.text.dropLast())
        let none = Alternatives(paths: [], isOrdered: true)
        let nameIndex = word.parts[..<index].lastIndex {
            !Alternatives($0.value, where: Self.isName).paths.isEmpty
        }
        // Without a slash, the text before a colon can be anything.
        guard nameIndex != nil || text.contains("/") else { return nil }
        names = nameIndex.map { Alternatives(word.parts[$0].value, where: Self.isName) } ?? none
        registries = none
        if let nameIndex, nameIndex > 0, word.parts[nameIndex].text == "/" {
            registries = Alternatives(word.parts[nameIndex - 1].value) {
                $0.hasSuffixIgnoringCase("registry")
            }
        }
        self.tags = tags
        conditions = word.conditions.compactMap { condition in
            let values = Alternatives(condition.value) { _ in true }
            guard values.paths.count == condition.value.paths.count else { return nil }
            return Condition(values: values, isEmpty: condition.isEmpty)
        }
    }

    /// Returns a Boolean value that indicates whether a text has a scheme that is not that of an image.
    private static func hasOtherScheme(_ text: String) -> Bool {
        guard let scheme = text.firstRange(of: "://") else { return false }
        return !["docker", "oci"].contains { text[..<scheme.lowerBound].hasSuffix($0) }
    }

    private static func isName(_ key: String) -> Bool {
        ImageText.isImageKey(key) || key == "name"
            || key.hasSuffixIgnoringCase("repository") || key.hasSuffixIgnoringCase("repo")
    }

    /// Returns the combination in which the steps that a path has for wildcards replace them; `nil` if
    /// no tag of the combination has the path.
    func bound(to path: [String]) -> TagCombination? {
        let any = String(TemplateValue.anyStep)
        guard
            let pattern = tags.paths.first(where: { pattern in
                pattern.count == path.count
                    && zip(pattern, path).allSatisfy { $0 == any || $0 == $1 }
            })
        else { return nil }
        guard pattern.contains(any) else { return self }
        func bind(_ other: [String]) -> [String] {
            let common = zip(other, pattern).prefix { $0 == $1 }.count
            return Array(path[..<common] + other[common...])
        }
        return mapped(bind)
    }

    /// Returns the combination with paths below that of a subchart.
    func below(_ prefix: [String]) -> TagCombination {
        mapped { path in path.first == "global" ? path : prefix + path }
    }

    /// Returns the combination with other paths of all values.
    private func mapped(_ transform: ([String]) -> [String]) -> TagCombination {
        var result = self
        result.names.paths = names.paths.map(transform)
        result.tags.paths = tags.paths.map(transform)
        result.registries.paths = registries.paths.map(transform)
        for index in conditions.indices {
            result.conditions[index].values.paths = conditions[index].values.paths.map(transform)
        }
        return result
    }
}

extension TagCombination.Alternatives {
    /// Creates the alternatives whose last key meets a condition.
    fileprivate init(_ value: TemplateValue, where isIncluded: (String) -> Bool) {
        func path(_ path: TemplateValue.Path) -> [String]? {
            guard path.count > 1, path.first == "Values" else { return nil }
            let keys = path.dropFirst().map(String.init)
            return isIncluded(keys[keys.count - 1]) ? keys : nil
        }
        let order: [[String]]? = value.order?.compactMap { alternative in
            if case .path(let steps) = alternative { path(steps) } else { nil }
        }
        paths = order ?? value.paths.compactMap(path).sorted { $0.lexicographicallyPrecedes($1) }
        isOrdered = order != nil
    }
}
