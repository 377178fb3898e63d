// SPDX-License-Identifier: Apache-2.0

/// The name and the tag, or the digest, that a template combines to an image.
struct TagCombination: Hashable, Sendable {
    /// A value below `.Values`, as a path in which `*` is any step, or a text of the template.
    enum Source: Hashable, Sendable {
        case value([String])
        case text(String)
    }

    /// The sources of which a value is one.
    struct Alternatives: Hashable, Sendable {
        fileprivate(set) var sources: [Source]
        /// The paths of values to which the template adds text, or in which it replaces text.
        fileprivate(set) var composed: Set<[String]> = []
        /// A Boolean value that indicates whether the first one that is not empty is used.
        let isOrdered: Bool

        fileprivate static let none = Alternatives(sources: [], isOrdered: true)

        /// The paths of values.
        var paths: [[String]] {
            sources.compactMap { if case .value(let path) = $0 { path } else { nil } }
        }
    }

    struct Condition: Hashable, Sendable {
        fileprivate(set) var values: Alternatives
        /// A Boolean value that indicates whether all values are empty; otherwise one is not.
        let isEmpty: Bool
    }

    /// The values with the name; empty if only the text between values has it.
    private(set) var names: Alternatives
    /// The text of the template between the name and the tag, without the separator.
    let text: String
    private(set) var tags: Alternatives
    /// A Boolean value that indicates whether the tag of the image has text of the template too.
    let isComposed: Bool
    /// The values before the name that can have its registry.
    private(set) var registries: Alternatives
    private(set) var conditions: [Condition]

    /// The values after the name, which are a part of it unless they are empty.
    private(set) var endings = Alternatives.none
    /// The values around the tag, which are a part of it unless they are empty.
    private(set) var affixes: [Alternatives] = []
    /// A Boolean value that indicates whether the name can be one that is not known.
    let isIncomplete: Bool

    /// Creates the combinations of a word.
    static func all(in word: TemplateWord) -> [TagCombination] {
        word.parts.indices.compactMap { TagCombination(of: word, tagIn: $0) }
    }

    /// Returns a Boolean value that indicates whether the tag of an image can be one that is not known.
    static func hidesTag(in word: TemplateWord) -> Bool {
        word.parts.indices.contains { index in
            guard word.parts[index].value.isIncomplete,
                let separator = separator(before: index, in: word), separator.part > 0
            else { return false }
            return word.isImage
                || !Alternatives(
                    nameIn: word.parts[separator.part - 1].value, ofImage: false
                ).sources.isEmpty
        }
    }

    private init?(of word: TemplateWord, tagIn index: Int) {
        guard let separator = Self.separator(before: index, in: word),
            word.parts.first?.text.hasPrefix("pkg:") == false,
            !word.parts[...index].contains(where: { Self.hasOtherScheme($0.text) })
        else { return nil }
        tags = Alternatives(
            word.parts[index].value,
            where: separator.precedesDigest ? ImageKeys.isDigest : ImageKeys.isVersion)
        guard !tags.paths.isEmpty else { return nil }
        let precedingKeys = separator.part > 0 ? word.parts[separator.part - 1].value.paths : []
        // The text between a tag and a digest belongs to the tag.
        let followsTag = precedingKeys.contains { ImageKeys.isVersion(String($0.last ?? "")) }
        text = followsTag ? "" : separator.text
        isComposed =
            !separator.precedesDigest
            && (separator.hasPrefix || word.isExtended(at: index) || !tags.composed.isEmpty)
        if !separator.precedesDigest {
            let values = word.parts[separator.part..<index].map(\.value).filter(\.isAffix)
            affixes = (values + word.suffixes(at: index)).map { Alternatives($0) { _ in true } }
        }
        isIncomplete = word.parts[..<separator.part].contains(where: \.value.isIncomplete)
        let isImage = word.isImage
        let candidates = word.parts[..<separator.part].map {
            Alternatives(nameIn: $0.value, ofImage: isImage)
        }
        names = .none
        registries = .none
        if let nameIndex = candidates.lastIndex(where: { !$0.sources.isEmpty }) {
            names = candidates[nameIndex]
            // A text can be the registry, or have it.
            let isAfterRegistry = nameIndex > 0 && word.parts[nameIndex].text == "/"
            let value = word.parts[isAfterRegistry ? nameIndex - 1 : nameIndex].value
            registries = Alternatives(value, acceptsTexts: isAfterRegistry) {
                $0.hasSuffixIgnoringCase("registry")
            }
        }
        if names.sources.isEmpty, isImage, separator.part > 0 {
            // The value of any key can be the name.
            names = Alternatives(word.parts[separator.part - 1].value) { key in
                !ImageKeys.isVersion(key) && !key.hasSuffixIgnoringCase("registry")
            }
        }
        if separator.part > 0, !followsTag, names.isWithout(word.parts[separator.part - 1].value) {
            endings = Alternatives(word.parts[separator.part - 1].value, acceptsTexts: true) { _ in
                true
            }
        }
        // Elsewhere, the text before a colon can be anything.
        guard
            !names.sources.isEmpty || text.contains("/")
                || (isImage && (!text.isEmpty || isIncomplete))
        else { return nil }
        conditions = word.conditions.compactMap { condition in
            let values = Alternatives(condition.value) { _ in true }
            guard values.paths.count == condition.value.paths.count,
                condition.value.texts.isEmpty
            else { return nil }
            return Condition(values: values, isEmpty: condition.isEmpty)
        }
    }

    /// The separator between a name and a tag or a digest.
    private struct Separator {
        /// The part of the word whose text has it.
        let part: Int
        /// The text before it.
        let text: String
        let precedesDigest: Bool
        /// A Boolean value that indicates whether text is between it and the value.
        let hasPrefix: Bool
    }

    /// Returns the last separator before a value, which can have a prefix such as `v`; `nil` if the
    /// value is not the tag or the digest of an image.
    private static func separator(before index: Int, in word: TemplateWord) -> Separator? {
        var hasPrefix = false
        for part in (0...index).reversed() {
            let text = word.parts[part].text
            if part < index, !word.parts[part].value.texts.isEmpty { hasPrefix = true }
            if let end = text.lastIndex(where: { ":@".contains($0) }) {
                guard !text[end...].contains("/") else { return nil }
                let before = text[..<end]
                let name = before.hasSuffix("@sha256") ? before.dropLast("@sha256".count) : before
                // An at sign precedes a digest, never a tag.
                return Separator(
                    part: part, text: String(name),
                    precedesDigest: text[end] == "@" || name.endIndex != before.endIndex,
                    hasPrefix: hasPrefix || text.index(after: end) < text.endIndex)
            }
            if !text.isEmpty { hasPrefix = true }
            guard !text.contains("/") else { break }
        }
        // Functions such as `join`, and the fields of a resource, have no text between values.
        guard word.parts[index].text.isEmpty else { return nil }
        return Separator(part: index, text: "", precedesDigest: false, hasPrefix: false)
    }

    /// Returns a Boolean value that indicates whether a text has a scheme that is not that of an image.
    fileprivate static func hasOtherScheme(_ text: String) -> Bool {
        guard let scheme = text.firstRange(of: "://") else { return false }
        return !["docker", "oci"].contains { text[..<scheme.lowerBound].hasSuffix($0) }
    }

    static func isName(_ key: String) -> Bool {
        ImageText.isImageKey(key) || key == "name"
            || key.hasSuffixIgnoringCase("repository") || key.hasSuffixIgnoringCase("repo")
    }

    /// The paths of all values that decide about the combination.
    var values: [[String]] {
        names.paths + tags.paths + registries.paths + endings.paths
            + affixes.flatMap(\.paths) + conditions.flatMap(\.values.paths)
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
        result.names = names.mapped(transform)
        result.tags = tags.mapped(transform)
        result.registries = registries.mapped(transform)
        result.endings = endings.mapped(transform)
        result.affixes = affixes.map { $0.mapped(transform) }
        for index in conditions.indices {
            result.conditions[index].values = conditions[index].values.mapped(transform)
        }
        return result
    }
}

extension TagCombination.Alternatives {
    /// Returns a Boolean value that indicates whether names are not those of a value, but before it.
    fileprivate func isWithout(_ value: TemplateValue) -> Bool {
        let others = Self(value) { _ in true }.paths
        return !sources.isEmpty && !paths.contains(where: others.contains)
            && !sources.contains { source in
                if case .text(let text) = source {
                    value.texts.contains(Substring(text))
                } else {
                    false
                }
            }
    }

    /// Creates the alternatives whose last key meets a condition, with texts.
    fileprivate init(
        _ value: TemplateValue, acceptsTexts: Bool = false,
        where isIncluded: (String) -> Bool
    ) {
        func source(_ alternative: TemplateValue.Alternative) -> TagCombination.Source? {
            switch alternative {
            case .path(let path):
                guard path.count > 1, path.first == "Values" else { return nil }
                let keys = path.dropFirst().map(String.init)
                return isIncluded(keys[keys.count - 1]) ? .value(keys) : nil
            case .text(let text): return acceptsTexts ? .text(String(text)) : nil
            case .call: return nil
            }
        }
        let order = value.order?.compactMap(source)
        sources =
            order
            ?? value.paths.sorted { $0.lexicographicallyPrecedes($1) }.map { .path($0) }
            .compactMap(source) + value.texts.sorted().compactMap { source(.text($0)) }
        isOrdered = order != nil
        composed = Set(
            value.composed.lazy.filter { $0.count > 1 && $0.first == "Values" }
                .map { $0.dropFirst().map(String.init) }
        ).intersection(paths)
    }

    /// Creates the alternatives that are the name of an image.
    ///
    /// A text without a slash is one only in the value of a key such as `image`, or instead of a name.
    fileprivate init(nameIn value: TemplateValue, ofImage isImage: Bool) {
        self.init(value, acceptsTexts: true, where: TagCombination.isName)
        let acceptsAll = isImage || !paths.isEmpty
        sources = sources.filter { source in
            guard case .text(let text) = source else { return true }
            return (acceptsAll || text.contains("/")) && !TagCombination.hasOtherScheme(text)
        }
    }

    fileprivate func mapped(_ transform: ([String]) -> [String]) -> TagCombination.Alternatives {
        var result = self
        result.sources = sources.map { source in
            guard case .value(let path) = source else { return source }
            return .value(transform(path))
        }
        result.composed = Set(composed.map(transform))
        return result
    }
}
