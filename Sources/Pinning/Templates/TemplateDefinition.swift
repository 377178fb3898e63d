// SPDX-License-Identifier: Apache-2.0

/// The values that a named template, or the text outside of named templates, uses.
struct TemplateDefinition {
    /// The values that the template outputs.
    private(set) var output = TemplateValue()
    /// The values that it uses as labels, names or versions.
    private(set) var versions = TemplateValue()
    /// The inclusions of named templates.
    private(set) var calls = TemplateValue()
    /// The words with tags or digests that it combines of values.
    private(set) var words: Set<TemplateWord> = []
    /// Those of them that are in its text.
    private(set) var lineWords: Set<TemplateWord> = []
    /// The changes that it makes to values.
    private(set) var changes: Set<TemplateChange> = []
    /// A Boolean value that indicates whether it combines more words or makes more changes.
    private(set) var hasMoreWords = false
    /// A Boolean value that indicates whether the template can use more values.
    var isIncomplete = false

    /// The maximum number of paths, and of calls, in each property; large charts have some thousands.
    private static let limit = 16_384
    /// The maximum number of changes of values.
    private static let changeLimit = 256

    /// Records the values that an action reads.
    mutating func record(
        _ expression: TemplateExpression, under conditions: [TemplateWord.Condition],
        isOutput: Bool, isVersion: Bool
    ) {
        calls.formUnion(expression.calls, limit: Self.limit)
        versions.formUnion(expression.versions, limit: Self.limit)
        for var change in expression.valueChanges where !change.target.isCopy {
            change.conditions = conditions
            record(change)
        }
        guard isOutput || isVersion else { return }
        let value = expression.result.flattened
        if isOutput { output.formUnion(value, limit: Self.limit) }
        if isVersion { versions.formUnion(value, limit: Self.limit) }
    }

    mutating func record(_ change: TemplateChange) {
        guard changes.count < Self.changeLimit else {
            hasMoreWords = true
            return
        }
        changes.insert(change)
    }

    /// Records a text that the template outputs.
    mutating func record(text: Substring) {
        let isName = text.contains("/")
        guard isName || text.contains(where: { $0.isLetter || $0.isNumber }) else { return }
        output.formUnion(isName ? TemplateValue(text: text) : .constant, limit: Self.limit)
    }

    /// Records words that the template combines of values.
    ///
    /// - Parameters:
    ///   - words: The words.
    ///   - areInText: A Boolean value that indicates whether they are in the text of the template.
    mutating func record(_ words: [TemplateWord], areInText: Bool) {
        for word in words where word.parts.contains(where: { !$0.value.paths.isEmpty }) {
            let composed = word.composed
            if !composed.isEmpty { output = output.withOtherText(at: composed) }
        }
        for case let word? in words.lazy.map({ $0.endingWithTag(below: nil) }) {
            guard self.words.count < Self.limit else {
                hasMoreWords = true
                return
            }
            self.words.insert(word)
            if areInText, word.isCombined { lineWords.insert(word) }
        }
    }
}
