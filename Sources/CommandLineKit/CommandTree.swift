// SPDX-License-Identifier: Apache-2.0

/// A command, or commands under a common word such as `lock merge`.
public enum CommandNode<Context: Sendable>: Sendable {
    case command(any Command<Context>.Type)
    case group(String, summary: String, [CommandNode])

    var name: String {
        switch self {
        case .command(let type): type.name
        case .group(let name, _, _): name
        }
    }

    var summary: String {
        switch self {
        case .command(let type): type.summary
        case .group(_, let summary, _): summary
        }
    }

    /// Whether help and suggestions name it.
    var isListed: Bool {
        if case .command(let type) = self { !type.isHidden } else { true }
    }

    var children: [CommandNode] {
        if case .group(_, _, let children) = self { children } else { [] }
    }

    /// The commands at or below this node, each with the words that lead to it.
    var leaves: [(path: [String], type: any Command<Context>.Type)] {
        switch self {
        case .command(let type): [([type.name], type)]
        case .group(let name, _, let children):
            children.flatMap(\.leaves).map { ([name] + $0.path, $0.type) }
        }
    }
}

/// What a command line asks for.
public enum CommandInvocation<Context: Sendable>: Sendable {
    /// Run this command.
    case run(any Command<Context>)
    /// Show the help of the program, a group or a command, named by the words that lead to it.
    case help([String])
    /// Show the version.
    case version
}

/// A program's whole command line, as data.
public struct CommandTree<Context: Sendable>: Sendable {
    /// The program's name.
    public let name: String
    /// What it is, in one line.
    public let summary: String
    /// What else its own help says, under headings.
    public let sections: [HelpSection]
    /// Pages of help that belong to no command.
    public let topics: [HelpTopic]
    /// What the names of all its environment variables begin with, such as `OCIMIRROR_`.
    public let environmentPrefix: String
    let commands: [CommandNode<Context>]
    /// The options that may stand before the command's name too.
    let globals: [ParameterDefinition]

    /// Describes a program.
    ///
    /// - Parameters:
    ///   - name: the program's name.
    ///   - summary: what it is, in one line.
    ///   - sections: what else its own help says.
    ///   - topics: pages of help that belong to no command.
    ///   - environmentPrefix: what the names of all its environment variables begin with.
    ///   - globals: the options that every command takes (each lists them by
    ///     ``Parameter/group(_:_:section:)``) and that may stand before its name too.
    ///   - defaults: those options as they are where nothing is given.
    ///   - commands: the commands, in the order of the help.
    public init<Globals>(
        _ name: String, summary: String, sections: [HelpSection] = [],
        topics: [HelpTopic] = [], environmentPrefix: String,
        globals: [Parameter<Globals>], defaults: Globals, commands: [CommandNode<Context>]
    ) {
        self.name = name
        self.summary = summary
        self.sections = sections
        self.topics = topics
        self.environmentPrefix = environmentPrefix
        self.globals = globals.map { $0.described(in: defaults) }
        self.commands = commands
    }

    /// Reads a command line.
    ///
    /// This is a pure function: it looks at nothing but its arguments.
    ///
    /// - Parameters:
    ///   - words: the words after the program's name.
    ///   - environment: the environment's variables.
    /// - Returns: what is asked for.
    /// - Throws: ``UsageError`` for the first word that is wrong.
    public func parse(
        _ words: [String], environment: [String: String]
    ) throws(UsageError) -> CommandInvocation<Context> {
        var search = CommandSearch(tree: self, words: words)
        switch try search.find() {
        case .version: return .version
        case .help(let path): return .help(path)
        case .command(let type, let path, let words):
            let command = try type.parsing(
                words, as: [name] + path, environment: environment, prefix: environmentPrefix)
            return .run(command)
        }
    }

    /// Follows words down the tree; nil where they lead nowhere.
    func node(at path: [String]) -> CommandNode<Context>? {
        var level = commands
        var found: CommandNode<Context>?
        for word in path {
            found = level.first { $0.name == word }
            guard let found else { return nil }
            level = found.children
        }
        return found
    }

    var leaves: [(path: [String], type: any Command<Context>.Type)] {
        commands.flatMap(\.leaves)
    }
}
