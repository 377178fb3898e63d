// SPDX-License-Identifier: Apache-2.0

/// A command: a structure whose stored properties are its options, with their defaults.
///
/// `parameters` binds names to these properties. The same list is used for parsing, help,
/// suggestions and environment variables, so they cannot disagree.
public protocol Command<Context>: Sendable {
    /// The value that the program passes to every command.
    associatedtype Context: Sendable

    /// The name of the command.
    static var name: String { get }
    /// A one-line summary.
    static var summary: String { get }
    /// Further help text; a blank line separates paragraphs.
    static var discussion: String { get }
    /// Examples for the help text.
    static var examples: [Example] { get }
    /// A Boolean value that indicates whether help omits the command.
    static var isHidden: Bool { get }
    /// The options and arguments, in the order of the help.
    static var parameters: [Parameter<Self>] { get }

    /// Creates the command with its defaults.
    init()

    /// Runs the command and returns its exit code.
    func run(in context: Context) async throws -> ExitCode
}

extension Command {
    /// No further text.
    public static var discussion: String { "" }
    /// No examples.
    public static var examples: [Example] { [] }
    /// `false`.
    public static var isHidden: Bool { false }
    /// No parameters.
    public static var parameters: [Parameter<Self>] { [] }

    /// The definitions of the parameters, for help and suggestions.
    static var definitions: [ParameterDefinition] { parameters.map { $0.described(in: Self()) } }
}

/// An example of a command line.
public struct Example: Hashable, Sendable {
    /// The command line as typed.
    public let line: String
    /// A description of its effect.
    public let explanation: String

    /// Creates an example.
    public init(_ line: String, _ explanation: String) {
        self.line = line
        self.explanation = explanation
    }
}
