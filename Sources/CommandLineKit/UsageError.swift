// SPDX-License-Identifier: Apache-2.0

public import TextSafety

/// An error in the command line.
public struct UsageError: Error, Hashable, Sendable {
    /// The reason.
    public enum Reason: Hashable, Sendable {
        /// No command was given.
        ///
        /// The candidates are listed.
        case missingCommand([String])
        /// The command does not exist.
        case unknownCommand(UntrustedText, suggestion: String?)
        /// The option does not exist.
        case unknownOption(UntrustedText, suggestion: String?)
        /// A command or option of other tools was given.
        ///
        /// The advice names the one to use.
        case unsupported(String, String)
        /// An option of a command was given before the command.
        case misplacedOption(String)
        /// The option has no value.
        ///
        /// The placeholder names it.
        case missingValue(option: String, placeholder: String)
        /// A flag was given a value.
        case unexpectedValue(flag: String)
        /// The value of an option, a variable or an argument is invalid.
        case invalidValue(of: String, UntrustedText, reason: String, suggestion: String?)
        /// A required argument is missing.
        case missingArgument(String, help: String)
        /// There are more arguments than the command takes.
        case unexpectedArgument(UntrustedText)
        /// Options contradict each other.
        ///
        /// The text states the reason.
        case contradiction(String)
    }

    /// The program's name and the commands that were recognized.
    public let command: [String]
    /// The reason.
    public let reason: Reason

    /// Creates an error about a command line.
    public init(_ command: [String], _ reason: Reason) {
        self.command = command
        self.reason = reason
    }
}

extension UsageError: CustomStringConvertible {
    /// One line: the problem, the invalid argument and a suggestion.
    public var description: String {
        let help = ([command.first ?? ""] + ["help"] + command.dropFirst())
            .joined(separator: " ")
        func advice(_ suggestion: String?, _ otherwise: String) -> String {
            suggestion.map { "did you mean '\($0)'?" } ?? "'\(help)' lists the \(otherwise)"
        }
        switch reason {
        case .missingCommand(let names):
            return "missing command: one of \(names.joined(separator: ", "))"
        case .unknownCommand(let name, let suggestion):
            return "unknown command '\(name)': \(advice(suggestion, "commands"))"
        case .unknownOption(let name, let suggestion):
            return "unknown option '\(name)': \(advice(suggestion, "options"))"
        case .unsupported(let name, let advice):
            return "there is no '\(name)': \(advice)"
        case .misplacedOption(let name):
            return "option '\(name)' must follow the command"
        case .missingValue(let option, let placeholder):
            let separator = option.hasPrefix("--") ? "=" : " "
            return "missing value: use '\(option)\(separator)\(placeholder)'"
        case .unexpectedValue(let flag):
            return "option '\(flag)' takes no value"
        case .invalidValue(let origin, let text, let reason, let suggestion):
            let hint = suggestion.map { ": did you mean '\($0)'?" } ?? ""
            return "\(origin): '\(text.display(limit: 200))': \(reason)\(hint)"
        case .missingArgument(let name, let help):
            return "missing argument: \(name): \(help)"
        case .unexpectedArgument(let text):
            let command = command.joined(separator: " ")
            return "unexpected argument '\(text)' for '\(command)'"
        case .contradiction(let text):
            return text
        }
    }
}
