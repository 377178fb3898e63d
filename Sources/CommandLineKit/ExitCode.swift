// SPDX-License-Identifier: Apache-2.0

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
