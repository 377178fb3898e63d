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
        var words = all
        defer { all = words }
        for change in changes {
            for word in unchanged {
                guard spend(word.parts.count), words.count < unchanged.count + Self.changedLimit
                else {
                    isComplete = false
                    return
                }
                // A condition whose value changes is unknown.
                let conditions = word.conditions.filter { change.applied(to: $0.value) == nil }
                var changed = word.with(conditions).mapped { change.applied(to: $0) ?? $0 }
                guard changed != word else { continue }
                for condition in change.conditions { changed.require(condition) }
                insert(changed, into: &words)
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
            insert(word.mapped { resolved($0, depth: depth) }, into: &words)
        }
        for call in definition.calls.calls {
            for word in self.words(ofTemplate: call.name, depth: depth + 1) {
                guard let word = word.endingWithTag(below: call.argument) else { continue }
                guard spend(word.parts.count) else { return words }
                insert(
                    word.mapped { substituted($0, in: call.argument, depth: depth) },
                    into: &words)
            }
        }
        return words
    }

    /// Adds a word, and those that it is with the words that functions combine to its values.
    private mutating func insert(
        _ word: TemplateWord, into words: inout Set<TemplateWord>
    ) {
        if word.isImage, word.parts.contains(where: { !$0.value.words.isComplete }) {
            isComplete = false
        }
        for word in word.expanded {
            guard let word = word.endingWithTag(below: nil) else { continue }
            words.insert(word)
        }
    }

    /// Returns words with other values, and those that they are with the words of these values.
    private static func expanded(
        _ words: Set<TemplateWord>, _ transform: (TemplateValue) -> TemplateValue
    ) -> [TemplateWord] {
        words.flatMap { $0.mapped(transform).expanded }
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
        guard !value.calls.isEmpty || !value.words.isEmpty else { return value }
        var result = withOutputs(value.withoutWords, depth: depth)
        result.words.insert(
            contentsOf: Self.expanded(value.words.all) { resolved($0, depth: depth) })
        return result
    }

    private mutating func withOutputs(_ value: TemplateValue, depth: Int) -> TemplateValue {
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
        var output = output(ofTemplate: call.name, depth: depth + 1)
        // The fields can be those of a value that the template outputs, or keys of its text.
        if !call.fields.isEmpty { output.formUnion(output.appending(call.fields), limit: .max) }
        return substituted(output, in: call.argument, depth: depth)
    }

    private mutating func output(ofTemplate name: Substring, depth: Int) -> TemplateValue {
        if let known = outputs[name] { return known }
        guard let definition = definitions[name], canDescend(to: depth) else {
            return TemplateValue()
        }
        outputs[name] = TemplateValue()
        var output = resolved(definition.output, depth: depth)
        output.words.insert(
            contentsOf: Self.expanded(definition.lineWords) { resolved($0, depth: depth) })
        outputs[name] = output
        return output
    }

    /// Returns a value below the argument of a named template as one of the template with the inclusion.
    private mutating func substituted(
        _ value: TemplateValue, in argument: TemplateValue, depth: Int
    ) -> TemplateValue {
        guard canDescend(to: depth), spend(value.paths.count) else { return TemplateValue() }
        var result = withArgument(value, argument, depth: depth)
        result.words.insert(
            contentsOf: Self.expanded(value.words.all) {
                substituted($0, in: argument, depth: depth)
            })
        return result
    }

    private mutating func withArgument(
        _ value: TemplateValue, _ argument: TemplateValue, depth: Int
    ) -> TemplateValue {
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
