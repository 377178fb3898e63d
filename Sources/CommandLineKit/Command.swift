// SPDX-License-Identifier: Apache-2.0

/// One command: a struct whose stored properties are its options, with their defaults.
///
/// `parameters` binds names to those properties. The one list feeds parsing, help, suggestions and
/// the environment, so that none of them can disagree with another.
public protocol Command<Context>: Sendable {
    /// What the program hands to every command that it runs.
    associatedtype Context: Sendable

    /// The word that calls it.
    static var name: String { get }
    /// What it does, in one line.
    static var summary: String { get }
    /// What else its help says; a blank line parts paragraphs.
    static var discussion: String { get }
    /// Uses worth showing.
    static var examples: [Example] { get }
    /// Whether it is for programs only: help does not list it.
    static var isHidden: Bool { get }
    /// Its options and arguments, in the order of the help.
    static var parameters: [Parameter<Self>] { get }

    /// The command as it is without any option.
    init()

    /// Does the work and says how it ended.
    func run(in context: Context) async throws -> ExitCode
}

extension Command {
    /// Nothing more to say.
    public static var discussion: String { "" }
    /// No examples.
    public static var examples: [Example] { [] }
    /// Listed.
    public static var isHidden: Bool { false }
    /// No options.
    public static var parameters: [Parameter<Self>] { [] }

    /// What help and suggestions need to know of the parameters.
    static var definitions: [ParameterDefinition] { parameters.map { $0.described(in: Self()) } }
}

/// A use of a command, and what it is good for.
public struct Example: Hashable, Sendable {
    /// The whole line, as it is typed.
    public let line: String
    /// What it does.
    public let explanation: String

    /// Makes an example.
    public init(_ line: String, _ explanation: String) {
        self.line = line
        self.explanation = explanation
    }
}
