// SPDX-License-Identifier: Apache-2.0

/// A selection of images by id, name or glob, or of all images.
public struct IDSelection: Hashable, Sendable {
    private let patterns: [String]

    /// The selection of all images.
    public static let all = IDSelection([])

    /// Creates a selection.
    ///
    /// No pattern selects all images.
    ///
    /// - Parameter patterns: Ids, names, or globs in which `*` matches any text and `?` one
    ///   character.
    public init(_ patterns: [String]) {
        self.patterns = patterns
    }

    /// A Boolean value that indicates whether all images are selected.
    public var isAll: Bool { patterns.isEmpty }

    /// Returns a Boolean value that indicates whether an image with an id and a name is selected.
    public func contains(id: String, name: String) -> Bool {
        isAll || patterns.contains { Self.matches($0, id) || Self.matches($0, name) }
    }

    /// Returns a Boolean value that indicates whether an entry may yield a selected id once its
    /// tags are known.
    ///
    /// - Parameters:
    ///   - name: The name of the entry.
    ///   - idPrefix: The common prefix of its ids.
    /// - Returns: `false` only if the entry certainly cannot.
    func couldContain(name: String, idPrefix: String) -> Bool {
        isAll
            || patterns.contains { pattern in
                let literal = pattern.prefix { $0 != "*" && $0 != "?" }
                return Self.matches(pattern, name) || literal.hasPrefix(idPrefix)
                    || (literal.count < pattern.count && idPrefix.hasPrefix(literal))
            }
    }

    /// Returns the patterns that match none of the ids and names.
    public func unmatched(among images: [(id: String, name: String)]) -> [String] {
        patterns.filter { pattern in
            !images.contains { Self.matches(pattern, $0.id) || Self.matches(pattern, $0.name) }
        }
    }

    private static func matches(_ pattern: String, _ text: String) -> Bool {
        let pattern = Array(pattern)
        let text = Array(text)
        // After a `*`, the rest is tried at later and later positions: no recursion, no exponential
        // time.
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
