// SPDX-License-Identifier: Apache-2.0

/// A value of a template: the paths in the argument of the template that it can contain, the named
/// templates whose output it can contain, and the texts of the template that it can be.
///
/// The path of a value in the root context begins with `Values`; a step ``anyStep`` matches every
/// key.
struct TemplateValue: Hashable, Sendable {
    typealias Path = [Substring]

    /// The inclusion of a named template.
    struct Call: Hashable, Sendable {
        let name: Substring
        let argument: TemplateValue
        /// The field chain below the output, as for `(include "x" . | fromYaml).tag`.
        private(set) var fields: Path = []
        fileprivate let nesting: Nesting

        /// Creates a call; `nil` if its argument contains too many others.
        init?(name: Substring, argument: TemplateValue) {
            nesting = Nesting(around: [argument])
            guard nesting.isPermitted else { return nil }
            self.name = name
            self.argument = argument
        }

        fileprivate func appending(_ fields: [Substring]) -> Call {
            var result = self
            result.fields = Array((self.fields + fields).prefix(TemplateValue.depthLimit))
            return result
        }
    }

    /// The number of calls and dictionaries that contain each other.
    fileprivate struct Nesting: Hashable, Sendable {
        private var depth = 1
        private var size = 1

        init(around values: some Collection<TemplateValue>) {
            for value in values {
                size += 1
                for inner in value.calls.map(\.nesting) + [value.keyNesting].compactMap(\.self) {
                    depth = max(depth, 1 + inner.depth)
                    size += inner.size
                }
            }
        }

        var isPermitted: Bool { depth <= 8 && size <= 64 }
    }

    /// The parts of a tag with a digest that are not valid in a label.
    struct Obstacles: OptionSet, Hashable, Sendable {
        let rawValue: UInt8

        static let at = Obstacles(rawValue: 1)
        static let colon = Obstacles(rawValue: 2)
        static let length = Obstacles(rawValue: 4)
        static let all: Obstacles = [.at, .colon, .length]
    }

    /// A path, an inclusion or a text that a value can consist of.
    enum Alternative: Hashable, Sendable {
        case path(Path)
        case call(Call)
        case text(Substring)
    }

    private(set) var paths: Set<Path> = []
    private(set) var calls: Set<Call> = []
    /// The texts that can be the name of an image, or a part of one.
    private(set) var texts: Set<Substring> = []
    /// The alternatives of which the value is the first that is not empty; `nil` if their order is
    /// unknown.
    var order: [Alternative]? {
        guard !hasConstant else { return nil }
        guard paths.count + calls.count + texts.count < 2 else { return sequence }
        guard keys.isEmpty, !isIncomplete else { return nil }
        return paths.map(Alternative.path) + calls.map(Alternative.call)
            + texts.map(Alternative.text)
    }

    /// The order of several alternatives.
    private var sequence: [Alternative]?
    /// The values of the keys of a `dict`.
    private(set) var keys: [Substring: TemplateValue] = [:]
    private var keyNesting: Nesting?
    /// The parts of a digest that functions have removed from the value.
    private var removed: Obstacles = []
    /// A Boolean value that indicates whether the value can contain more than its paths and calls.
    var isIncomplete = false
    /// A Boolean value that indicates whether the value can be a constant or the result of a test.
    private(set) var hasConstant = false
    /// The paths of the values to which the template adds text, or in which it replaces text.
    private(set) var composed: Set<Path> = []
    /// The words that functions such as `printf` combine to the value.
    var words = CombinedWords()
    /// A Boolean value that indicates whether the value is a copy, whose changes do not change others.
    private(set) var isCopy = false

    /// The root context of a template.
    static let root = TemplateValue(paths: [[]])
    /// A value that can contain everything.
    static let unknown = TemplateValue(isIncomplete: true)
    /// A constant, or the result of a test.
    static let constant = {
        var value = TemplateValue()
        value.hasConstant = true
        return value
    }()
    /// The step to any element of a mapping or a list.
    static let anyStep: Substring = "*"
    /// The last step of the path of a value that a template which is not defined may use as a version,
    /// with everything below it.
    static let anyPath: Substring = "**"

    /// The maximum number of paths, calls, texts or keys of a value.
    private static let limit = 256
    /// The maximum number of steps of a path.
    private static let depthLimit = 32
    /// The maximum length of a text, in bytes: that of the name of an image.
    private static let textLimit = 255

    /// Creates a value without content.
    init() {}

    private init(paths: Set<Path> = [], isIncomplete: Bool = false) {
        self.paths = paths
        self.isIncomplete = isIncomplete
    }

    /// Creates the value at a path.
    init(path: Path) {
        self.init(paths: [path])
    }

    /// Creates a value with one alternative.
    init(_ alternative: Alternative) {
        switch alternative {
        case .path(let path): paths = [path]
        case .call(let call): calls = [call]
        case .text(let text): texts = [text]
        }
    }

    /// Creates the value of a text; a value without content if no image can have it in its name.
    init(text: Substring) {
        let isPartOfName =
            text.utf8.count <= Self.textLimit && text.utf8.allSatisfy(TemplateLine.isWordByte)
            && text.contains(where: \.isLetter)
        if isPartOfName { texts = [text] }
    }

    /// Creates a list.
    init(elements: some Sequence<TemplateValue>) {
        let elements = Array(elements)
        let keys = elements.enumerated().map { (Substring(String($0.offset)), $0.element) }
        self.init(keys: Dictionary(uniqueKeysWithValues: keys.prefix(Self.limit + 1)))
        guard isIncomplete || self.keys.count > Self.limit else { return }
        self = TemplateValue()
        for element in elements { formUnion(element) }
    }

    /// Creates the output of a named template.
    init(calling name: Substring, with argument: TemplateValue) {
        if let call = Call(name: name, argument: argument) {
            calls = [call]
        } else {
            isIncomplete = true
        }
    }

    /// Creates a dictionary.
    init(keys: [Substring: TemplateValue]) {
        let nesting = Nesting(around: keys.values)
        guard nesting.isPermitted else {
            for value in keys.values { formUnion(value.flattened) }
            isIncomplete = true
            return
        }
        self.keys = keys
        keyNesting = nesting
    }

    var isEmpty: Bool { !dependsOnValues && texts.isEmpty }

    /// A Boolean value that indicates whether the value can contain more than texts of the template.
    private var dependsOnValues: Bool {
        !paths.isEmpty || !calls.isEmpty || !keys.isEmpty || isIncomplete
    }

    /// Returns the value of a field chain below this one.
    func appending(_ fields: some Collection<Substring>) -> TemplateValue {
        guard let first = fields.first else { return self }
        // The elements of a list in values have no names here.
        let steps = fields.map { $0.allSatisfy(\.isNumber) ? Self.anyStep : $0 }
        var result = TemplateValue(
            paths: Set(paths.lazy.map { $0 + steps }.filter { $0.count <= Self.depthLimit }),
            isIncomplete: isIncomplete)
        // The output of a named template can be a dictionary, as for `include "x" . | fromYaml`.
        result.calls = Set(calls.lazy.map { $0.appending(steps) })
        result.isCopy = isCopy
        result.composed = Set(composed.lazy.map { $0 + steps })
        if result.paths.count == paths.count {
            result.sequence = sequence?.compactMap { alternative in
                switch alternative {
                case .path(let path): .path(path + steps)
                case .call(let call): .call(call.appending(steps))
                case .text: nil
                }
            }
        }
        if first == Self.anyPath {
            for value in keys.values { result.formUnion(value.appending(fields)) }
        } else if first == Self.anyStep {
            for value in keys.values { result.formUnion(value.appending(fields.dropFirst())) }
        } else {
            for value in [keys[first], keys[Self.anyStep]].compactMap(\.self) {
                result.formUnion(value.appending(fields.dropFirst()))
            }
        }
        return result
    }

    /// The value as text, which contains the values of all keys.
    var flattened: TemplateValue {
        guard !keys.isEmpty else { return self }
        var result = withoutKeys
        for value in keys.values { result.formUnion(value.flattened) }
        return result
    }

    /// The value without its keys.
    var withoutKeys: TemplateValue {
        var result = self
        result.keys = [:]
        result.keyNesting = nil
        return result
    }

    /// The elements of a list, in their order; `nil` for another value.
    var elements: [TemplateValue]? {
        guard paths.isEmpty, calls.isEmpty, texts.isEmpty, !isIncomplete, !keys.isEmpty else {
            return nil
        }
        let elements = (0..<keys.count).compactMap { keys[Substring(String($0))] }
        return elements.count == keys.count ? elements : nil
    }

    /// The same list or dictionary with its elements at any position.
    var withoutPositions: TemplateValue {
        guard !keys.isEmpty else { return self }
        var result = withoutKeys
        var element = TemplateValue()
        for value in keys.values { element.formUnion(value) }
        result.formUnion(TemplateValue(keys: [Self.anyStep: element]))
        return result
    }

    /// The value without the output of named templates.
    var withoutCalls: TemplateValue {
        var result = TemplateValue(paths: paths, isIncomplete: isIncomplete)
        result.texts = texts
        result.removed = removed
        result.composed = composed
        result.hasConstant = hasConstant
        result.words = words
        return result
    }

    /// The value without the words that functions combine to it.
    var withoutWords: TemplateValue {
        guard !words.isEmpty else { return self }
        var result = self
        result.words = CombinedWords()
        return result
    }

    /// Returns the value with conditions for the words that functions combine to it.
    func requiring(_ conditions: [TemplateWord.Condition]) -> TemplateValue {
        guard !words.isEmpty || !keys.isEmpty else { return self }
        var result = self
        result.words = words.requiring(conditions)
        result.keys = keys.mapValues { $0.requiring(conditions) }
        return result
    }

    /// The value with other text, which a template adds or replaces.
    var withOtherText: TemplateValue {
        var result = self
        result.composed = paths
        return result
    }

    /// Returns the value with other text at some of its paths.
    func withOtherText(at changed: Set<Path>) -> TemplateValue {
        var result = self
        result.composed.formUnion(changed.intersection(paths))
        return result
    }

    /// A copy of the value.
    var copied: TemplateValue {
        var result = self
        result.isCopy = true
        return result
    }

    /// The texts and constants, without the values of files and the output of named templates.
    var withoutSources: TemplateValue {
        var result = TemplateValue()
        result.texts = texts
        result.hasConstant = hasConstant
        return result
    }

    /// The same alternatives in an unknown order.
    var withoutOrder: TemplateValue {
        var result = self
        result.sequence = nil
        return result
    }

    /// Returns the value after a function has removed parts of a digest; nothing if no part is left.
    func removing(_ parts: Obstacles) -> TemplateValue {
        var result = self
        result.removed.formUnion(parts)
        return result.removed == .all ? TemplateValue() : result
    }

    /// Returns the value, or another one if it is empty.
    func or(_ other: TemplateValue) -> TemplateValue {
        var result = self
        result.formUnion(other)
        guard let order, let further = other.order, order.count + further.count <= Self.limit else {
            result.sequence = nil
            return result
        }
        result.sequence = order + further
        return result
    }

    /// Adds what another value can contain; the value is incomplete if that exceeds the limit.
    mutating func formUnion(_ other: TemplateValue, limit: Int = Self.limit) {
        if other.hasConstant { hasConstant = true }
        composed.formUnion(other.composed)
        guard !other.isEmpty else { return }
        isCopy = other.isCopy && (isCopy || isEmpty)
        if isEmpty {
            sequence = other.sequence
        } else if sequence != other.sequence {
            sequence = nil
        }
        if other.dependsOnValues {
            removed = dependsOnValues ? removed.intersection(other.removed) : other.removed
        }
        if other.isIncomplete { isIncomplete = true }
        if texts.count + other.texts.count <= limit || other.texts.isSubset(of: texts) {
            texts.formUnion(other.texts)
        } else {
            isIncomplete = true
        }
        words.formUnion(other.words)
        if paths.count + other.paths.count <= limit || other.paths.isSubset(of: paths) {
            paths.formUnion(other.paths)
        } else {
            isIncomplete = true
        }
        if calls.count + other.calls.count <= limit || other.calls.isSubset(of: calls) {
            calls.formUnion(other.calls)
        } else {
            isIncomplete = true
        }
        guard !other.keys.isEmpty else { return }
        let merged = TemplateValue(
            keys: keys.merging(other.keys) { own, other in
                var value = own
                value.formUnion(other)
                return value
            })
        if merged.isIncomplete || merged.keys.count > Self.limit {
            isIncomplete = true
        } else {
            (keys, keyNesting) = (merged.keys, merged.keyNesting)
        }
    }
}
