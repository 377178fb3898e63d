// SPDX-License-Identifier: Apache-2.0

/// Which images a command is about: ids, names and globs, or everything.
public struct IDSelection: Hashable, Sendable {
    private let patterns: [String]

    /// Everything.
    public static let all = IDSelection([])

    /// Makes a selection; no pattern selects everything.
    ///
    /// - Parameter patterns: ids, names, or globs in which `*` stands for any text and `?` for one
    ///   character.
    public init(_ patterns: [String]) {
        self.patterns = patterns
    }

    /// Whether everything is selected.
    public var isAll: Bool { patterns.isEmpty }

    /// Whether an image of this id and name is selected.
    public func contains(id: String, name: String) -> Bool {
        isAll || patterns.contains { Self.matches($0, id) || Self.matches($0, name) }
    }

    /// Whether an entry could make a selected id once its tags are known.
    ///
    /// - Parameters:
    ///   - name: the entry's name.
    ///   - idPrefix: what all of its ids begin with.
    /// - Returns: false only where it is certain that it cannot.
    func couldContain(name: String, idPrefix: String) -> Bool {
        isAll
            || patterns.contains { pattern in
                let literal = pattern.prefix { $0 != "*" && $0 != "?" }
                return Self.matches(pattern, name) || literal.hasPrefix(idPrefix)
                    || (literal.count < pattern.count && idPrefix.hasPrefix(literal))
            }
    }

    /// The patterns that select none of these ids and names.
    public func unmatched(among images: [(id: String, name: String)]) -> [String] {
        patterns.filter { pattern in
            !images.contains { Self.matches(pattern, $0.id) || Self.matches(pattern, $0.name) }
        }
    }

    private static func matches(_ pattern: String, _ text: String) -> Bool {
        let pattern = Array(pattern)
        let text = Array(text)
        // After a `*`, the text is tried from ever later positions: no recursion, no blow-up.
        var p = 0
        var t = 0
        var star: (p: Int, t: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == "*" {
                star = (p, t)
                p += 1
            } else if p < pattern.count, pattern[p] == "?" || pattern[p] == text[t] {
                p += 1
                t += 1
            } else if let last = star {
                star = (last.p, last.t + 1)
                p = last.p + 1
                t = last.t + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == "*" }
    }
}
