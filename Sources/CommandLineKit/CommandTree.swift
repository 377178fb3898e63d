// SPDX-License-Identifier: Apache-2.0

/// A command, or a group of commands such as `lock merge`.
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

    /// A Boolean value that indicates whether help and suggestions list the node.
    var isListed: Bool {
        if case .command(let type) = self { !type.isHidden } else { true }
    }

    var children: [CommandNode] {
        if case .group(_, _, let children) = self { children } else { [] }
    }

    /// The commands at or below this node, each with its path.
    var leaves: [(path: [String], type: any Command<Context>.Type)] {
        switch self {
        case .command(let type): [([type.name], type)]
        case .group(let name, _, let children):
            children.flatMap(\.leaves).map { ([name] + $0.path, $0.type) }
        }
    }
}

/// The result of parsing a command line.
public enum CommandInvocation<Context: Sendable>: Sendable {
    /// Run a command.
    case run(any Command<Context>)
    /// Show the help of the program, a group or a command at a path.
    case help([String])
    /// Show the short help of a command at a path.
    case shortHelp([String])
    /// Show the version.
    case version
}

/// The command line of a program, as data.
public struct CommandTree<Context: Sendable>: Sendable {
    /// The name of the program.
    public let name: String
    /// A one-line summary.
    public let summary: String
    /// Additional sections of the program's help.
    public let sections: [HelpSection]
    /// Help pages that are not about a command.
    public let topics: [HelpTopic]
    /// The prefix of all environment variables, such as `OCIMIRROR_`.
    public let environmentPrefix: String
    let commands: [CommandNode<Context>]
    /// The advice about commands and options of other tools, by their names; that about an option
    /// of one command by the names of both, such as `pin --dry-run`.
    let advice: [String: String]
    /// The options that are also accepted before the name of a command.
    let globals: [ParameterDefinition]

    /// Creates a command tree.
    ///
    /// - Parameters:
    ///   - name: The name of the program.
    ///   - summary: A one-line summary.
    ///   - sections: Additional sections of the program's help.
    ///   - topics: Help pages that are not about a command.
    ///   - environmentPrefix: The prefix of all environment variables.
    ///   - advice: What to use in place of commands and options that other tools have.
    ///   - globals: The options that every command takes (each lists them with
    ///     ``Parameter/group(_:_:section:)``) and that are also accepted before its name.
    ///   - defaults: The default values of these options.
    ///   - commands: The commands, in the order of the help.
    public init<Globals>(
        _ name: String, summary: String, sections: [HelpSection] = [],
        topics: [HelpTopic] = [], environmentPrefix: String, advice: [String: String] = [:],
        globals: [Parameter<Globals>], defaults: Globals, commands: [CommandNode<Context>]
    ) {
        self.name = name
        self.summary = summary
        self.sections = sections
        self.topics = topics
        self.environmentPrefix = environmentPrefix
        self.advice = advice
        self.globals = globals.map { $0.described(in: defaults) }
        self.commands = commands
    }

    /// Parses a command line.
    ///
    /// The result depends on the arguments only.
    ///
    /// - Parameters:
    ///   - words: The words after the program's name.
    ///   - environment: The environment variables.
    /// - Returns: The command to run, or the help or version to show.
    /// - Throws: ``UsageError`` for the first invalid word.
    public func parse(
        _ words: [String], environment: [String: String]
    ) throws(UsageError) -> CommandInvocation<Context> {
        var search = CommandSearch(tree: self, words: words)
        switch try search.find() {
        case .version: return .version
        case .help(let path): return .help(path)
        case .shortHelp(let path): return .shortHelp(path)
        case .command(let type, let path, let words):
            let command = try type.parsing(
                words, as: [name] + path, environment: environment, prefix: environmentPrefix,
                advice: advice)
            return .run(command)
        }
    }

    /// Returns the node at a path, or `nil` if there is none.
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
