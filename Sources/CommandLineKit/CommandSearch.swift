// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// Finds the command in a command line, past the global options before it.
struct CommandSearch<Context: Sendable> {
    enum Found {
        case version
        case help([String])
        case shortHelp([String])
        case command(any Command<Context>.Type, path: [String], words: [String])
    }

    let tree: CommandTree<Context>
    private var rest: ArraySlice<String>
    private let asksForHelp: Bool
    /// A Boolean value that indicates whether `-h` asks for help, which is shorter than `--help`.
    private let isShort: Bool
    private let isEmpty: Bool
    private var path: [String] = []
    private var level: [CommandNode<Context>]
    /// The global options before the command, unparsed.
    private var leading: [String] = []

    init(tree: CommandTree<Context>, words: [String]) {
        self.tree = tree
        self.rest = words[...]
        self.level = tree.commands
        let options = words.prefix { $0 != "--" }
        self.asksForHelp = options.contains { $0 == "--help" || $0 == "-h" }
        self.isShort = options.contains("-h") && !options.contains("--help")
        self.isEmpty = words.isEmpty
    }

    mutating func find() throws(UsageError) -> Found {
        while let word = rest.popFirst() {
            switch ArgumentWord(word) {
            case .option("--version", nil) where path.isEmpty,
                .option("-V", nil) where path.isEmpty:
                return .version
            case .plain("version") where path.isEmpty && !asksForHelp:
                return .version
            case .option(let name, let value):
                try skipOption(name, value: value, in: word)
            case .plain("help") where path.isEmpty:
                return try .help(helpTopic())
            case .plain, .terminator:
                let node = try child(word)
                path.append(word)
                level = node.children
                guard case .command(let type) = node else { continue }
                guard asksForHelp else {
                    return .command(type, path: path, words: leading + rest)
                }
                return isShort ? .shortHelp(path) : .help(path)
            }
        }
        guard asksForHelp || isEmpty else {
            throw error(.missingCommand(level.filter(\.isListed).map(\.name)))
        }
        return isShort || isEmpty ? .shortHelp(path) : .help(path)
    }

    /// Resolves the words after `help`, which must name a command or a group.
    private mutating func helpTopic() throws(UsageError) -> [String] {
        while let word = rest.popFirst() {
            guard case .plain = ArgumentWord(word) else { continue }
            if path.isEmpty, word == "help" || word == "version" { return [] }
            if path.isEmpty, tree.topics.contains(where: { $0.name == word }) { return [word] }
            let node = try child(word, orOneOf: tree.topics.map(\.name))
            path.append(word)
            level = node.children
        }
        return path
    }

    private func child(
        _ word: String, orOneOf topics: [String] = []
    ) throws(UsageError) -> CommandNode<Context> {
        if let node = level.first(where: { $0.name == word }) { return node }
        let names =
            level.filter(\.isListed).map(\.name) + (path.isEmpty ? ["help"] + topics : [])
        if path.isEmpty, let advice = tree.advice[word] {
            throw error(.unsupported(word, advice))
        }
        throw error(
            .unknownCommand(
                UntrustedText(word), suggestion: Suggestion.nearest(to: word, among: names)))
    }

    /// Skips a global option; the command parses it.
    private mutating func skipOption(
        _ name: String, value: String?, in word: String
    ) throws(UsageError) {
        leading.append(word)
        guard let (index, _) = tree.globals.match(name) else {
            if !asksForHelp { throw error(unknown(name)) }
            return
        }
        guard tree.globals[index].kind == .option, value == nil else { return }
        if let next = rest.first, ArgumentWord.isValue(next) {
            leading.append(rest.removeFirst())
        }
    }

    private func unknown(_ name: String) -> UsageError.Reason {
        let belongsToCommand = tree.leaves.contains { leaf in
            leaf.path.starts(with: path) && leaf.type.definitions.match(name) != nil
        }
        guard !belongsToCommand else { return .misplacedOption(name) }
        if let advice = tree.advice[name] { return .unsupported(name, advice) }
        let names = tree.globals.longNames + ["--help", "--version"]
        return .unknownOption(
            UntrustedText(name), suggestion: Suggestion.nearest(to: name, among: names))
    }

    private func error(_ reason: UsageError.Reason) -> UsageError {
        UsageError([tree.name] + path, reason)
    }
}
