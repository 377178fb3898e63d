// SPDX-License-Identifier: Apache-2.0

/// What a command tells the script that called it.
///
/// Source: sysexits.h for 64 to 78; 128 plus the signal's number for an interrupted run.
public enum ExitCode: Int32, Hashable, Sendable, CaseIterable {
    /// Done, or the answer is yes.
    case success = 0
    /// The answer is no.
    case negative = 1
    /// Could not be done or found out.
    case failure = 2
    /// The command line is wrong.
    case usage = 64
    /// Nothing failed, but there is more to do: run again later.
    case tryAgain = 75
    /// Credentials were refused.
    case denied = 77
    /// The configuration is wrong.
    case configuration = 78
    /// Ended by SIGINT.
    case interrupted = 130
    /// Ended by SIGTERM.
    case terminated = 143

    /// From the code that outranks all others to the one that yields to them.
    private static let ranking: [ExitCode] = [
        .terminated, .interrupted, .usage, .configuration, .denied, .failure, .negative, .tryAgain,
        .success,
    ]

    /// Returns the one code for several outcomes; no outcome at all is a success.
    public static func combining(_ outcomes: some Sequence<ExitCode>) -> ExitCode {
        let outcomes = Set(outcomes)
        return ranking.first(where: outcomes.contains) ?? .success
    }
}
