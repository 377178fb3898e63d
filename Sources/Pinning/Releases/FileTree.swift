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

    /// The files that match a pattern.
    struct Matches {
        var all: [Match] = []
        /// A Boolean value that indicates whether there are more.
        var isLimited = false
    }

    /// The maximum number of files that match a pattern.
    static let limit = 256
    /// The maximum number of steps of an expression.
    private static let depthLimit = 12

    /// A file or directory that matches the first steps of a pattern.
    private struct Partial {
        var node = 0
        var steps: [Substring] = []
        var bindings: FilePattern.Bindings
    }

    /// Returns the files that match a pattern.
    ///
    /// - Parameters:
    ///   - pattern: The pattern.
    ///   - bindings: The texts of expressions.
    ///   - isAnyPath: A Boolean value that indicates whether each expression can be several steps.
    ///   - limit: The maximum number of files.
    /// - Returns: The files.
    mutating func files(
        matching pattern: FilePattern, _ bindings: FilePattern.Bindings = [:],
        isAnyPath: Bool = false, limit: Int = limit
    ) -> Matches {
        var matches = [Partial(bindings: bindings)]
        for step in pattern.steps {
            matches = matches.flatMap { match in
                if let name = FilePattern.path(of: step, match.bindings, isAny: isAnyPath) {
                    return descendants(of: match, bindingTo: name)
                }
                return next(after: match, step)
            }
            guard budget > 0 else { return Matches(isLimited: true) }
            guard !matches.isEmpty else { return Matches() }
        }
        let files = matches.filter { nodes[$0.node].isFile }
        return Matches(
            all: files.prefix(limit).map { match in
                Match(path: match.steps.joined(separator: "/"), bindings: match.bindings)
            }, isLimited: files.count > limit)
    }

    /// Returns the files and directories that match one more step of a pattern.
    private mutating func next(after match: Partial, _ step: [FilePattern.Piece]) -> [Partial] {
        if let text = FilePattern.text(of: step, with: match.bindings) {
            var match = match
            for step in text.split(separator: "/") {
                guard let child = nodes[match.node].children[step] else { return [] }
                match.node = child
                match.steps.append(step)
            }
            return [match]
        }
        let children = nodes[match.node].children
        budget -= children.count
        guard budget > 0 else { return [] }
        return children.sorted { $0.key < $1.key }.compactMap { name, child in
            FilePattern.bindings(matching: step, with: name, match.bindings).map {
                Partial(node: child, steps: match.steps + [name], bindings: $0)
            }
        }
    }

    /// Returns all files and directories below one, with their paths as the texts of an expression.
    private mutating func descendants(
        of match: Partial, bindingTo name: Substring
    ) -> [Partial] {
        var found: [Partial] = []
        var level = [match]
        for _ in 0..<Self.depthLimit {
            var next: [Partial] = []
            for parent in level {
                let children = nodes[parent.node].children
                budget -= children.count
                guard budget > 0 else { return [] }
                for (step, child) in children.sorted(by: { $0.key < $1.key }) {
                    var match = parent
                    match.node = child
                    match.steps.append(step)
                    match.bindings[name] = match.bindings[name].map { "\($0)/\(step)" } ?? step
                    next.append(match)
                }
            }
            found += next
            level = next
        }
        return found
    }
}
