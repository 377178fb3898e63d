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

/// The exit code of a command.
///
/// Source: sysexits.h for 64 to 78; 128 plus the signal number for an interrupted run.
public enum ExitCode: Int32, Hashable, Sendable, CaseIterable {
    /// Done, or the answer is yes.
    case success = 0
    /// The answer is no.
    case negative = 1
    /// It could not be done or found out.
    case failure = 2
    /// The command line is invalid.
    case usage = 64
    /// Only a limit was reached, such as a rate limit or a held file lock: run again later.
    case tryAgain = 75
    /// Credentials were rejected, or access was denied.
    case denied = 77
    /// The configuration is invalid.
    case configuration = 78
    /// Interrupted by SIGINT.
    case interrupted = 130
    /// Terminated by SIGTERM.
    case terminated = 143

    /// The codes in the order of their precedence.
    private static let ranking: [ExitCode] = [
        .terminated, .interrupted, .usage, .configuration, .denied, .failure, .negative, .tryAgain,
        .success,
    ]

    /// Returns the exit code for several outcomes; success if there is none.
    public static func combining(_ outcomes: some Sequence<ExitCode>) -> ExitCode {
        let outcomes = Set(outcomes)
        return ranking.first(where: outcomes.contains) ?? .success
    }
}
