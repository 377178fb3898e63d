// SPDX-License-Identifier: Apache-2.0

/// The files of a repository, by the steps of their paths.
struct FileTree {
    private struct Node {
        var children: [Substring: Int] = [:]
        var isFile = false
    }

    private var nodes = [Node()]
    /// The number of names that patterns may still be compared with.
    private var budget = 10_000_000

    /// A Boolean value that indicates whether all files that match patterns were found.
    var isComplete: Bool { budget > 0 }

    init(_ paths: [String]) {
        for path in paths {
            var node = 0
            for step in path.split(separator: "/") {
                if let next = nodes[node].children[step] {
                    node = next
                } else {
                    nodes[node].children[step] = nodes.count
                    node = nodes.count
                    nodes.append(Node())
                }
            }
            nodes[node].isFile = true
        }
    }

    /// Returns a Boolean value that indicates whether there is a file with a path.
    func contains(_ path: String) -> Bool {
        var node = 0
        for step in path.split(separator: "/") {
            guard let next = nodes[node].children[step] else { return false }
            node = next
        }
        return nodes[node].isFile
    }

    /// A file that matches a pattern, with the texts of the pattern's expressions.
    struct Match {
        let path: String
        let bindings: FilePattern.Bindings
    }

    /// Returns the files that match a pattern, at most 64.
    mutating func files(
        matching pattern: FilePattern, _ bindings: FilePattern.Bindings = [:]
    ) -> [Match] {
        var matches = [(node: 0, steps: [Substring](), bindings: bindings)]
        for step in pattern.steps {
            var next: [(node: Int, steps: [Substring], bindings: FilePattern.Bindings)] = []
            for match in matches {
                let children = nodes[match.node].children
                if let text = FilePattern.text(of: step, with: match.bindings) {
                    if let child = children[text] {
                        next.append((child, match.steps + [text], match.bindings))
                    }
                    continue
                }
                budget -= children.count
                guard budget > 0 else { return [] }
                for name in children.keys.sorted() {
                    guard let child = children[name],
                        let bindings = FilePattern.bindings(
                            matching: step, with: name, match.bindings)
                    else { continue }
                    next.append((child, match.steps + [name], bindings))
                }
            }
            matches = next
            guard !matches.isEmpty else { return [] }
        }
        return matches.filter { nodes[$0.node].isFile }.prefix(64).map { match in
            Match(path: match.steps.joined(separator: "/"), bindings: match.bindings)
        }
    }
}
