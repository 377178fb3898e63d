// SPDX-License-Identifier: Apache-2.0

/// The possible completions of a word.
public struct Completion: Hashable, Sendable {
    /// A candidate with its description.
    public struct Candidate: Hashable, Sendable {
        /// The whole word.
        public let word: String
        /// A short description, or empty text.
        public let note: String

        /// Creates a candidate.
        public init(_ word: String, _ note: String = "") {
            self.word = word
            self.note = note
        }
    }

    /// A kind of completion that the program or the shell supplies.
    public enum Place: Hashable, Sendable {
        /// No other completions.
        case nothing
        /// A file name.
        case file
        /// A directory name.
        case folder
        /// A value that only the program can list, by its placeholder, such as `ID`.
        case other(String)
    }

    /// The candidates that begin with the typed prefix.
    public var candidates: [Candidate] = []
    /// The kind of further completions.
    public var place = Place.nothing
    /// The typed prefix of a value, without `--option=`.
    public var typed = ""
    /// The part of the word before that value: `--option=` or empty.
    public var lead = ""
    /// The values of the options before the cursor, by long name.
    public var given: [String: String] = [:]
}

extension CommandTree {
    /// Returns the completions at the end of an incomplete command line.
    ///
    /// - Parameter words: The words after the program's name; the last one is incomplete and may be
    ///   empty.
    /// - Returns: The completions.
    public func completion(of words: [String]) -> Completion {
        var search = CompletionSearch(tree: self)
        for word in words.dropLast() { search.read(word) }
        return search.completion(of: words.last ?? "")
    }
}

/// Parses an incomplete command line and ignores what it does not recognize.
private struct CompletionSearch<Context: Sendable> {
    let tree: CommandTree<Context>
    var level: [CommandNode<Context>]
    var definitions: [ParameterDefinition]
    var hasCommand = false
    var isHelp = false
    var isTerminated = false
    var positionals = 0
    /// The option whose value is the next word.
    var pending: ParameterDefinition?
    var given: [String: String] = [:]

    init(tree: CommandTree<Context>) {
        self.tree = tree
        level = tree.commands
        definitions = tree.globals
    }

    mutating func read(_ word: String) {
        if let option = pending.take() {
            given[option.name] = word
            return
        }
        if isTerminated { return readPlain(word) }
        switch ArgumentWord(word) {
        case .terminator: isTerminated = true
        case .plain: readPlain(word)
        case .option(let name, let value):
            guard let (index, _) = definitions.match(name), definitions[index].kind == .option
            else { return }
            if let value {
                given[definitions[index].name] = value
            } else {
                pending = definitions[index]
            }
        }
    }

    private mutating func readPlain(_ word: String) {
        guard !hasCommand else {
            positionals += 1
            return
        }
        guard word != "help" || isHelp else {
            isHelp = true
            return
        }
        guard let node = level.first(where: { $0.name == word }) else { return }
        level = node.children
        guard case .command(let type) = node else { return }
        hasCommand = true
        definitions = type.definitions
    }

    func completion(of word: String) -> Completion {
        var completion = Completion()
        completion.given = given
        if let pending {
            completion.fill(word, for: pending)
        } else if !isTerminated, word.hasPrefix("-") {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, let (index, _) = definitions.match(String(parts[0])) {
                completion.lead = "\(parts[0])="
                completion.fill(String(parts[1]), for: definitions[index])
            } else {
                completion.candidates = options.filter { $0.word.hasPrefix(word) }
            }
        } else if !hasCommand {
            completion.candidates = commands.filter { $0.word.hasPrefix(word) }
        } else if !isHelp, let positional {
            completion.fill(word, for: positional)
        }
        return completion
    }

    private var commands: [Completion.Candidate] {
        let commands = level.filter(\.isListed).map { Completion.Candidate($0.name, $0.summary) }
        let isRoot = level.map(\.name) == tree.commands.map(\.name)
        guard isRoot else { return commands }
        return commands
            + (isHelp
                ? tree.topics.map { Completion.Candidate($0.name, $0.summary) }
                : [Completion.Candidate("help", "describes a command")])
    }

    private var options: [Completion.Candidate] {
        var options = definitions.filter { !$0.isPositional } + [.help]
        if !hasCommand { options.append(.version) }
        return options.map { Completion.Candidate($0.effectiveName, $0.help) }
    }

    /// The positional argument at the cursor.
    private var positional: ParameterDefinition? {
        let arguments = definitions.filter(\.isPositional)
        guard positionals < arguments.count else {
            return arguments.last.flatMap { $0.isRepeated ? $0 : nil }
        }
        return arguments[positionals]
    }
}

extension Completion {
    fileprivate mutating func fill(_ text: String, for definition: ParameterDefinition) {
        typed = text
        candidates = definition.candidates.filter { $0.hasPrefix(text) }
            .map { Candidate(lead + $0) }
        guard definition.candidates.isEmpty, definition.kind != .flag else { return }
        let word = definition.isPositional ? definition.name : definition.placeholder
        place =
            switch word {
            case "PATH", "LOCK", "PART", "MAP", "FROM", "TO", "BINARY": .file
            case "DIR", "FOLDER": .folder
            case _ where word.hasPrefix("FILE"): .file
            default: .other(word)
            }
    }
}
