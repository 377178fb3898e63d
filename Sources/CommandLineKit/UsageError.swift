// SPDX-License-Identifier: Apache-2.0

public import TextSafety

/// A command line that cannot be carried out, as data.
public struct UsageError: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Reason: Hashable, Sendable {
        /// No command was given where there are these.
        case missingCommand([String])
        /// There is no such command.
        case unknownCommand(UntrustedText, suggestion: String?)
        /// There is no such option.
        case unknownOption(UntrustedText, suggestion: String?)
        /// A command's own option stands before the command.
        case misplacedOption(String)
        /// The option stands without its value, which would be written like the placeholder.
        case missingValue(option: String, placeholder: String)
        /// A flag was given a value.
        case unexpectedValue(flag: String)
        /// The value of an option, a variable or an argument is not one.
        case invalidValue(of: String, UntrustedText, reason: String, suggestion: String?)
        /// A required argument was not given.
        case missingArgument(String, help: String)
        /// There is one argument more than the command takes.
        case unexpectedArgument(UntrustedText)
        /// Options that are each right do not go together; the text says why.
        case contradiction(String)
    }

    /// The program's name and the commands as far as they were understood.
    public let command: [String]
    /// What is wrong.
    public let reason: Reason

    /// Makes an error about a command line.
    public init(_ command: [String], _ reason: Reason) {
        self.command = command
        self.reason = reason
    }
}

extension UsageError: CustomStringConvertible {
    /// One line: what, which, and what to do about it.
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
        case .misplacedOption(let name):
            return "option '\(name)' before the command: write it after the command's name"
        case .missingValue(let option, let placeholder):
            return "missing value: \(option): write '\(option)=\(placeholder)'"
        case .unexpectedValue(let flag):
            return "unexpected value: \(flag): write '\(flag)' alone"
        case .invalidValue(let origin, let text, let reason, let suggestion):
            let hint = suggestion.map { ": did you mean '\($0)'?" } ?? ""
            return "\(origin): '\(text.display(limit: 200))': \(reason)\(hint)"
        case .missingArgument(let name, let help):
            return "missing argument: \(name): \(help)"
        case .unexpectedArgument(let text):
            let command = command.joined(separator: " ")
            return "unexpected argument: '\(text)': '\(command)' takes no more"
        case .contradiction(let text):
            return text
        }
    }
}
