// SPDX-License-Identifier: Apache-2.0

/// The words that functions such as `printf` combine to a value, up to a limit.
struct CombinedWords: Hashable, Sendable {
    private(set) var all: Set<TemplateWord> = []
    /// A Boolean value that indicates whether these are all words.
    private(set) var isComplete = true

    /// The maximum number of words.
    private static let limit = 8

    var isEmpty: Bool { all.isEmpty }

    mutating func insert(contentsOf words: some Sequence<TemplateWord>) {
        for word in words where !all.contains(word) {
            guard all.count < Self.limit else {
                isComplete = false
                return
            }
            all.insert(word)
        }
    }

    mutating func formUnion(_ other: CombinedWords) {
        insert(contentsOf: other.all)
        if !other.isComplete { isComplete = false }
    }

    /// Returns the words with further conditions.
    func requiring(_ conditions: [TemplateWord.Condition]) -> CombinedWords {
        var result = self
        result.all = Set(all.lazy.map { $0.requiring(conditions) })
        return result
    }
}
