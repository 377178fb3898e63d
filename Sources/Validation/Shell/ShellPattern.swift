// SPDX-License-Identifier: Apache-2.0

/// A pattern of `case` and of parameter expansions.
///
/// Source: POSIX.1-2017, XCU § 2.13 Pattern Matching Notation. Bracket expressions are not
/// supported.
struct ShellPattern: Hashable {
    /// A part of a pattern.
    enum Element: Hashable {
        case character(Character)
        /// `?`
        case anyCharacter
        /// `*`
        case anyText
    }

    let elements: [Element]

    /// Creates a pattern from text, in which the characters `*` and `?` have a meaning unless they
    /// are quoted; `nil` if it has a bracket expression.
    init?(_ parts: [(text: String, isQuoted: Bool)]) {
        var elements: [Element] = []
        for (text, isQuoted) in parts {
            for character in text {
                switch character {
                case "[" where !isQuoted: return nil
                case "?" where !isQuoted: elements.append(.anyCharacter)
                case "*" where !isQuoted: elements.append(.anyText)
                default: elements.append(.character(character))
                }
            }
        }
        self.elements = elements
    }

    /// The maximum product of the lengths of a pattern and a text.
    static let maximumCost = 65_536

    /// Returns whether the pattern matches a whole text; `nil` if they are too long.
    func matches(_ text: String) -> Bool? {
        let text = Array(text)
        return lengths(elements, text)?.last
    }

    /// Returns a text without the shortest or longest prefix or suffix that matches; `nil` if they
    /// are too long.
    func removing(from text: String, isPrefix: Bool, isLongest: Bool) -> String? {
        let characters = Array(text)
        guard
            let lengths = isPrefix
                ? lengths(elements, characters)
                : lengths(elements.reversed(), characters.reversed())
        else { return nil }
        let count = isLongest ? lengths.lastIndex(of: true) : lengths.firstIndex(of: true)
        guard let count else { return text }
        return String(isPrefix ? characters.dropFirst(count) : characters.dropLast(count))
    }

    /// Returns for each length whether the pattern matches the prefix of that length.
    private func lengths(_ elements: [Element], _ text: [Character]) -> [Bool]? {
        guard (elements.count + 1) * (text.count + 1) <= Self.maximumCost else { return nil }
        var matched = [true] + Array(repeating: false, count: text.count)
        for element in elements {
            var next = Array(repeating: false, count: text.count + 1)
            switch element {
            case .anyText:
                if let first = matched.firstIndex(of: true) {
                    for length in first...text.count { next[length] = true }
                }
            case .anyCharacter:
                for length in text.indices { next[length + 1] = matched[length] }
            case .character(let character):
                for length in text.indices where matched[length] && text[length] == character {
                    next[length + 1] = true
                }
            }
            matched = next
        }
        return matched
    }
}
