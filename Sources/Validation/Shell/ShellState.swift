// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning

/// The known part of a shell's state between two commands.
struct ShellState: Hashable {
    var process: ProcessState
    /// The value of `$0`.
    var name: Argument
    /// The arguments from `$1`; `nil` if they are unknown.
    var arguments: [Argument]?
    /// The bodies of functions, by their positions.
    var functions: [String: Int] = [:]
    /// A Boolean value that indicates whether unknown text may have defined functions.
    var hasUnknownFunctions = false
    /// A Boolean value that indicates whether `set -e` is in force.
    var exitsOnError = false
    /// The starts up to this command.
    var execution = StartedPrograms.Execution()
    /// The starts that decide the status of the last command.
    var last: Set<Int> = []

    /// The maximum number of arguments; more are unknown.
    private static let maximumArgumentCount = 256

    /// The size of the variables and arguments.
    var byteCount: Int {
        process.byteCount + (arguments ?? []).reduce(0) { $0 + ($1.text?.utf8.count ?? 0) }
    }

    /// Replaces the arguments; with unknown ones if their number is unknown.
    mutating func setArguments(_ words: some Collection<Argument>) {
        arguments =
            words.count <= Self.maximumArgumentCount && words.allSatisfy(\.isSingle)
            ? Array(words) : nil
    }

    /// Forgets everything that commands of unknown text can change.
    mutating func forget() {
        process.forgetVariables()
        process.workingDirectory = nil
        arguments = nil
        functions = [:]
        hasUnknownFunctions = true
        exitsOnError = false
    }
}

/// The status of a command.
enum ShellStatus: Hashable {
    case success
    case failure
    case unknown

    init(_ isSuccess: Bool?) {
        self = isSuccess.map { $0 ? .success : .failure } ?? .unknown
    }

    /// The status after `!`.
    var negated: ShellStatus {
        switch self {
        case .success: .failure
        case .failure: .success
        case .unknown: .unknown
        }
    }
}

/// A state after a command, with the command's status.
struct ShellFlow: Hashable {
    var state: ShellState
    var status: ShellStatus
}
