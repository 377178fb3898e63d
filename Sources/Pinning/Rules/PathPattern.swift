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
