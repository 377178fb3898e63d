// SPDX-License-Identifier: Apache-2.0

/// A pattern for paths in a document, as rules use it: `a.b[name=c].*."d.e"`.
struct PathPattern: Hashable, Sendable {
    private let steps: [String]

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
    }

    /// The steps, if all of them are keys; otherwise `nil`.
    var keys: [String]? {
        steps.contains { $0.hasPrefix("[") || $0 == "*" } ? nil : steps
    }

    /// The last step; `nil` for a wildcard.
    var lastStep: String? {
        steps.last.flatMap { $0 == "*" || $0 == "[*]" ? nil : $0 }
    }

    /// Returns a Boolean value that indicates whether the pattern matches a path; `*` matches any
    /// one step.
    func matches(_ path: SitePath) -> Bool {
        var rest = steps[...]
        for step in path.reversedSteps {
            guard let pattern = rest.popLast(),
                pattern == "*" || pattern == step || (pattern == "[*]" && step.hasPrefix("["))
            else { return false }
        }
        return rest.isEmpty
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
        self.segments = segments
    }

    /// Returns a Boolean value that indicates whether the pattern matches a relative path with `/`
    /// separators.
    func matches(_ path: String) -> Bool {
        let path = path.split(separator: "/").filter { $0 != "." }
        var (p, n) = (0, 0)
        var stars: (p: Int, n: Int)?
        while n < path.count {
            if p < segments.count, segments[p] == "**" {
                stars = (p, n)
                p += 1
                // A trailing `**` matches everything below the directory, but not the directory
                // itself.
                if p == segments.count { return true }
            } else if p < segments.count, Self.matchName(segments[p], path[n]) {
                (p, n) = (p + 1, n + 1)
            } else if let last = stars {
                stars = (last.p, last.n + 1)
                (p, n) = (last.p + 1, last.n + 1)
            } else {
                return false
            }
        }
        return p == segments.count
    }

    /// Matches one component, backtracking only to the last star, as ``matches(_:)`` does with
    /// components.
    static func matchName(_ pattern: Substring, _ name: Substring) -> Bool {
        let pattern = Array(pattern)
        let name = Array(name)
        var (p, n) = (0, 0)
        var star: (p: Int, n: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == "*" {
                star = (p, n)
                p += 1
            } else if p < pattern.count, pattern[p] == "?" || pattern[p] == name[n] {
                (p, n) = (p + 1, n + 1)
            } else if let last = star {
                star = (last.p, last.n + 1)
                (p, n) = (last.p + 1, last.n + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == "*" }
    }
}
