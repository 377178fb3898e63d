// SPDX-License-Identifier: Apache-2.0

/// The words that templates combine of values, with the values of named templates followed.
struct TemplateWords {
    private let definitions: [Substring: TemplateDefinition]
    /// The values that each named template outputs, below its argument.
    private var outputs: [Substring: TemplateValue] = [:]
    /// The words of each named template, below its argument; `nil` while they are being determined.
    private var known: [Substring: Set<TemplateWord>?] = [:]
    /// The changes that each named template makes, below its argument.
    private var knownChanges: [Substring: Set<TemplateChange>] = [:]
    private var budget = 200_000
    private static let depthLimit = 64
    /// The maximum number of words that changes of values add.
    private static let changedLimit = 4096

    /// The words of the templates, whose values are paths below the root context.
    private(set) var all: Set<TemplateWord> = []
    /// The changes that the templates make to values below the root context.
    private(set) var changes: Set<TemplateChange> = []
    /// A Boolean value that indicates whether all words were followed.
    private(set) var isComplete = true

    /// Finds the words of templates.
    init(_ scanner: TemplateScanner) {
        definitions = scanner.definitions
        all = words(of: scanner.main, depth: 0)
        changes = changes(of: scanner.main, depth: 0)
        addChangedWords()
    }

    /// Adds the words with the values that they have after a change.
    private mutating func addChangedWords() {
        let unchanged = all
        for change in changes {
            for word in unchanged {
                guard spend(word.parts.count), all.count < unchanged.count + Self.changedLimit
                else {
                    isComplete = false
                    return
                }
                let parts = word.parts.map { part in
                    part.with(change.applied(to: part.value) ?? part.value)
                }
                // A condition whose value changes is unknown.
                let conditions = word.conditions.filter { change.applied(to: $0.value) == nil }
                guard parts != word.parts || conditions.count < word.conditions.count else {
                    continue
                }
                var changed = TemplateWord(
                    parts: parts, conditions: conditions, isImage: word.isImage)
                for condition in change.conditions { changed.require(condition) }
                all.insert(changed)
            }
        }
    }

    /// Returns the changes of values that a definition makes, below its argument.
    private mutating func changes(
        of definition: TemplateDefinition, depth: Int
    ) -> Set<TemplateChange> {
        var changes: Set<TemplateChange> = []
        for change in definition.changes {
            changes.insert(change.mapped { resolved($0, depth: depth) })
        }
        for call in definition.calls.calls {
            for change in self.changes(ofTemplate: call.name, depth: depth + 1) {
                guard spend(1) else { return changes }
                changes.insert(
                    change.mapped { substituted($0, in: call.argument, depth: depth) })
            }
        }
        return changes
    }

    private mutating func changes(
        ofTemplate name: Substring, depth: Int
    ) -> Set<TemplateChange> {
        if let known = knownChanges[name] { return known }
        guard let definition = definitions[name], canDescend(to: depth) else { return [] }
        knownChanges[name] = []
        let changes = changes(of: definition, depth: depth)
        knownChanges[name] = changes
        return changes
    }

    /// Returns the words of a definition, below its argument.
    private mutating func words(
        of definition: TemplateDefinition, depth: Int
    ) -> Set<TemplateWord> {
        var words: Set<TemplateWord> = []
        if definition.hasMoreWords { isComplete = false }
        for word in definition.words {
            let resolved = word.mapped { self.resolved($0, depth: depth) }
            if let word = resolved.endingWithTag(below: nil) { words.insert(word) }
        }
        for call in definition.calls.calls {
            for word in self.words(ofTemplate: call.name, depth: depth + 1) {
                guard let word = word.endingWithTag(below: call.argument) else { continue }
                guard spend(word.parts.count) else { return words }
                words.insert(word.mapped { substituted($0, in: call.argument, depth: depth) })
            }
        }
        return words
    }

    private mutating func words(ofTemplate name: Substring, depth: Int) -> Set<TemplateWord> {
        if let known = known[name] { return known ?? [] }
        guard let definition = definitions[name], canDescend(to: depth) else { return [] }
        known[name] = .some(nil)
        let words = words(of: definition, depth: depth)
        known[name] = .some(words)
        return words
    }

    /// Returns a value with the output of each named template in place of its inclusion.
    private mutating func resolved(_ value: TemplateValue, depth: Int) -> TemplateValue {
        let value = value.flattened
        guard !value.calls.isEmpty else { return value }
        if let order = value.order {
            return order.reduce(TemplateValue()) { result, alternative in
                switch alternative {
                case .call(let call): result.or(output(of: call, depth: depth))
                case .path, .text: result.or(TemplateValue(alternative))
                }
            }
        }
        var result = value.withoutCalls
        for call in value.calls {
            result.formUnion(output(of: call, depth: depth), limit: .max)
        }
        return result
    }

    private mutating func output(of call: TemplateValue.Call, depth: Int) -> TemplateValue {
        let output = output(ofTemplate: call.name, depth: depth + 1)
        return substituted(output, in: call.argument, depth: depth)
    }

    private mutating func output(ofTemplate name: Substring, depth: Int) -> TemplateValue {
        if let known = outputs[name] { return known }
        guard let definition = definitions[name], canDescend(to: depth) else {
            return TemplateValue()
        }
        outputs[name] = TemplateValue()
        let output = resolved(definition.output, depth: depth)
        outputs[name] = output
        return output
    }

    /// Returns a value below the argument of a named template as one of the template with the inclusion.
    private mutating func substituted(
        _ value: TemplateValue, in argument: TemplateValue, depth: Int
    ) -> TemplateValue {
        guard canDescend(to: depth), spend(value.paths.count) else { return TemplateValue() }
        guard let order = value.order else {
            var result = value.withoutSources
            for path in value.paths {
                result.formUnion(
                    argumentValue(at: path, of: value, in: argument, depth: depth), limit: .max)
            }
            // Each of the paths has its own place in a template.
            return value.paths.count > 1 ? result.withoutOrder : result
        }
        return order.reduce(TemplateValue()) { result, alternative in
            switch alternative {
            case .path(let path):
                result.or(argumentValue(at: path, of: value, in: argument, depth: depth))
            case .text: result.or(TemplateValue(alternative))
            case .call: result
            }
        }
    }

    private mutating func argumentValue(
        at path: TemplateValue.Path, of value: TemplateValue, in argument: TemplateValue, depth: Int
    ) -> TemplateValue {
        let result = resolved(argument.appending(path), depth: depth + 1)
        return value.composed.contains(path) ? result.withOtherText : result
    }

    private mutating func canDescend(to depth: Int) -> Bool {
        if depth >= Self.depthLimit { isComplete = false }
        return depth < Self.depthLimit
    }

    private mutating func spend(_ count: Int) -> Bool {
        budget -= 1 + count
        if budget < 0 { isComplete = false }
        return budget >= 0
    }
}

extension TemplateValue {
    /// Determines whether the value can be a tag or a digest.
    ///
    /// - Parameter argument: The argument of the template with the value; `nil` if it is unknown.
    /// - Returns: A Boolean value.
    fileprivate func mayBeTag(below argument: TemplateValue?) -> Bool {
        if !calls.isEmpty || keys.values.contains(where: { $0.mayBeTag(below: argument) }) {
            return true
        }
        // In a dictionary, a key can have the value of another one.
        let keepsKeys = argument.map { $0.keys.isEmpty && $0.calls.isEmpty } ?? false
        return paths.contains { path in
            guard let last = path.last else { return true }
            return ImageKeys.isVersion(String(last))
                || !(keepsKeys || path.dropLast().contains("Values"))
        }
    }
}

extension TemplateWord {
    /// Removes what follows the last tag or digest.
    ///
    /// - Parameter argument: The argument of the template with the word; `nil` if it is unknown.
    /// - Returns: The word; `nil` if it has no tag and no digest.
    func endingWithTag(below argument: TemplateValue?) -> TemplateWord? {
        guard let last = parts.lastIndex(where: { $0.value.mayBeTag(below: argument) }) else {
            return nil
        }
        let word = TemplateWord(
            parts: Array(parts[...last]), conditions: conditions, isImage: isImage)
        return word.isCombined ? word : nil
    }

    /// Returns the word with other values.
    fileprivate func mapped(_ transform: (TemplateValue) -> TemplateValue) -> TemplateWord {
        TemplateWord(
            parts: parts.map { $0.with(transform($0.value)) },
            conditions: conditions.compactMap { $0.mapped(transform) }, isImage: isImage)
    }
}
