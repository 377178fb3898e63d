// SPDX-License-Identifier: Apache-2.0

/// A pattern for paths in a document, as rules use it: `a.b[name=c].*."d.e"`.
///
/// `*` matches any one step, `[*]` any element of a list, and `**` any number of steps.
struct PathPattern: Hashable, Sendable {
    private let steps: [String]
    private let hasDeepWildcard: Bool

    /// Creates a pattern; `nil` if a quote or bracket is not closed, or if a step is empty.
    init?(_ text: String) {
        var steps: [String] = []
        var rest = text[...]
        while let first = rest.first {
            switch first {
            case "[":
                guard let end = rest.firstIndex(of: "]") else { return nil }
                steps.append(String(rest[...end]))
                rest = rest[rest.index(after: end)...]
            case "\"":
                rest.removeFirst()
                guard let end = rest.firstIndex(of: "\"") else { return nil }
                steps.append(String(rest[..<end]))
                rest = rest[rest.index(after: end)...]
            case ".":
                rest.removeFirst()
                guard let next = rest.first, next != ".", next != "[", !steps.isEmpty else {
                    return nil
                }
            default:
                let step = rest.prefix { $0 != "." && $0 != "[" }
                steps.append(String(step))
                rest = rest[step.endIndex...]
            }
        }
        guard !steps.isEmpty else { return nil }
        self.steps = steps
        hasDeepWildcard = steps.contains("**")
    }

    /// The steps, if all of them are keys; otherwise `nil`.
    var keys: [String]? {
        steps.contains { $0.hasPrefix("[") || $0 == "*" || $0 == "**" } ? nil : steps
    }

    /// The last step; `nil` for a wildcard.
    var lastStep: String? {
        steps.last.flatMap { ["*", "[*]", "**"].contains($0) ? nil : $0 }
    }

    /// Returns a Boolean value that indicates whether the pattern matches a path.
    func matches(_ path: SitePath) -> Bool {
        if hasDeepWildcard {
            return WildcardMatch.matches(
                steps, path.steps, isDeep: { $0 == "**" }, matches: Self.matches)
        }
        var rest = steps[...]
        for step in path.reversedSteps {
            guard let pattern = rest.popLast(), Self.matches(pattern, step) else { return false }
        }
        return rest.isEmpty
    }

    private static func matches(_ pattern: String, _ step: String) -> Bool {
        pattern == "*" || pattern == step || (pattern == "[*]" && step.hasPrefix("["))
    }
}

/// A pattern for paths: `*` and `?` match within a component, `**` matches any number of
/// components.
struct Glob: Hashable, Sendable {
    private let segments: [Substring]

    init(_ pattern: String) {
        var segments = pattern.split(separator: "/", omittingEmptySubsequences: true)
        // As in .gitignore, a pattern without a slash matches in every directory.
        if segments.count == 1, !pattern.contains("/") { segments.insert("**", at: 0) }
        // A trailing `**` matches everything below the directory, but not the directory itself.
        if segments.last == "**" { segments.insert("*", at: segments.count - 1) }
        self.segments = segments
    }

    /// Returns a Boolean value that indicates whether the pattern matches a relative path with `/`
    /// separators.
    func matches(_ path: String) -> Bool {
        let path = path.split(separator: "/").filter { $0 != "." }
        return WildcardMatch.matches(
            segments, path, isDeep: { $0 == "**" }, matches: Self.matchesName)
    }

    /// Returns a Boolean value that indicates whether the pattern, in which `*` and `?` are
    /// wildcards, matches one component.
    static func matchesName(_ pattern: Substring, _ name: Substring) -> Bool {
        WildcardMatch.matches(
            Array(pattern), Array(name), isDeep: { $0 == "*" }, matches: { $0 == "?" || $0 == $1 })
    }
}

/// Matches lists with patterns in which one kind of element matches any number of elements.
enum WildcardMatch {
    /// Returns a Boolean value that indicates whether the pattern matches the whole list.
    ///
    /// Only the last wildcard is tried again, so the time is at most the product of both lengths.
    static func matches<Pattern, Element>(
        _ pattern: [Pattern], _ list: [Element], isDeep: (Pattern) -> Bool,
        matches: (Pattern, Element) -> Bool
    ) -> Bool {
        var (p, n) = (0, 0)
        var star: (p: Int, n: Int)?
        while n < list.count {
            if p < pattern.count, isDeep(pattern[p]) {
                star = (p, n)
                p += 1
            } else if p < pattern.count, matches(pattern[p], list[n]) {
                (p, n) = (p + 1, n + 1)
            } else if let last = star {
                star = (last.p, last.n + 1)
                (p, n) = (last.p + 1, last.n + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy(isDeep)
    }
}
