// SPDX-License-Identifier: Apache-2.0

extension CommandTree {
    /// Validates the declaration for a test: names, help texts and the order of positionals.
    ///
    /// - Returns: One line per problem; empty if there is none.
    public func validate() -> [String] {
        validate(commands, under: [name])
            + leaves.flatMap { leaf in
                validate(leaf.type.definitions, of: ([name] + leaf.path).joined(separator: " "))
            }
    }

    private func validate(_ nodes: [CommandNode<Context>], under path: [String]) -> [String] {
        let place = path.joined(separator: " ")
        var problems = Self.repeated(nodes.map(\.name)).map { "\(place): \($0): declared twice" }
        for node in nodes {
            if node.name.isEmpty || !node.name.allSatisfy(\.isNameCharacter) {
                problems.append("\(place): '\(node.name)': not a name of a command")
            }
            if node.summary.isEmpty { problems.append("\(place) \(node.name): no summary") }
            problems += validate(node.children, under: path + [node.name])
        }
        for word in ["help"] + topics.map(\.name)
        where path.count == 1 && nodes.contains(where: { $0.name == word }) {
            problems.append("\(place): \(word): \(word == "help" ? "built in" : "also a topic")")
        }
        return problems
    }

    private func validate(_ definitions: [ParameterDefinition], of place: String) -> [String] {
        let reserved: [ParameterDefinition] = [.help, .version]
        let names = (definitions + reserved).filter { !$0.isPositional }
            .flatMap { [$0.name, $0.short, $0.opposite].compactMap(\.self) }
        var problems = Self.repeated(names).map { "\(place): \($0): declared twice" }
        for definition in definitions {
            if definition.help.isEmpty { problems.append("\(place): \(definition.name): no help") }
            if !definition.hasProperName {
                problems.append("\(place): \(definition.name): not a proper name")
            }
        }
        for global in globals
        where !definitions.contains(where: { $0.name == global.name && $0.kind == global.kind }) {
            problems.append("\(place): \(global.name): a global option that it does not take")
        }
        let positionals = definitions.filter(\.isPositional)
        for (former, latter) in zip(positionals, positionals.dropFirst())
        where former.isRepeated || latter.isRequired && !former.isRequired {
            problems.append("\(place): \(former.name): takes what \(latter.name) needs")
        }
        return problems
    }

    private static func repeated(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { !seen.insert($0).inserted }
    }
}

extension ParameterDefinition {
    /// Returns a Boolean value that indicates whether a name has the right form: `--long-name`
    /// (flags never begin with `--no-`), `-s`, or a positional without a dash.
    fileprivate var hasProperName: Bool {
        guard !isPositional else { return !name.isEmpty && !name.hasPrefix("-") }
        let short = short ?? "-x"
        return name.hasPrefix("--") && name.count > 3 && !name.hasPrefix("--no-")
            && name.dropFirst(2).allSatisfy(\.isNameCharacter)
            && short.count == 2 && short.hasPrefix("-") && short.dropFirst() != "-"
    }
}

extension Character {
    /// Returns a Boolean value that indicates whether text consists of the characters allowed in
    /// names.
    fileprivate var isNameCharacter: Bool {
        ("a"..."z").contains(self) || ("0"..."9").contains(self) || self == "-"
    }
}
