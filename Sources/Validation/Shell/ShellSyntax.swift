// SPDX-License-Identifier: Apache-2.0

/// A command of a shell script.
///
/// Source: POSIX.1-2017, XCU § 2.9 Shell Commands. `Documentation/start-scripts.md` lists what is
/// supported.
indirect enum ShellCommand: Hashable, Sendable {
    case simple(Simple)
    /// Commands whose output is the input of the next.
    case pipeline([ShellCommand])
    /// `!` and a command.
    case not(ShellCommand)
    /// Commands that are separated by `&&` and `||`.
    case chain(ShellCommand, [Link])
    /// A command that ends in `&`.
    case background(ShellCommand)
    case list([ShellCommand])
    /// Commands in parentheses.
    case subshell(ShellCommand)
    /// `if`, with its `elif` branches.
    case conditional([Branch], otherwise: ShellCommand?)
    /// `case`.
    case selection(ShellWord, [Item])
    /// `while`, `until` and `for`; a `for` loop has no condition.
    case loop(condition: ShellCommand?, body: ShellCommand, variable: String?)
    case function(name: String, body: ShellCommand)
    /// `[[ … ]]`; `nil` if it contains operators such as `&&`.
    case test([ShellWord]?)
    /// `(( … ))`.
    case arithmetic

    /// Assignments, a program or builtin, and its arguments.
    struct Simple: Hashable, Sendable {
        var assignments: [Assignment] = []
        var words: [ShellWord] = []
        /// A Boolean value that indicates whether the standard input is a file or a text.
        var redirectsInput = false
        /// The number of the line on which the command begins, from 1.
        let line: Int
    }

    /// A variable assignment; without a value if it is not supported, as of an array.
    struct Assignment: Hashable, Sendable {
        let name: String
        let value: ShellWord?
    }

    /// An operator and the command after it.
    struct Link: Hashable, Sendable {
        let isAnd: Bool
        let command: ShellCommand
    }

    /// A condition and its commands.
    struct Branch: Hashable, Sendable {
        let condition: ShellCommand
        let body: ShellCommand
    }

    /// The patterns of a `case` item and its commands.
    struct Item: Hashable, Sendable {
        let patterns: [ShellWord]
        let body: ShellCommand
        /// A Boolean value that indicates whether the item ends in `;;`, and not in bash's `;&` or
        /// `;;&`.
        let isFinal: Bool
    }
}

/// A word before its expansion.
struct ShellWord: Hashable, Sendable {
    var parts: [Part] = []

    /// A part of a word.
    enum Part: Hashable, Sendable {
        case text(String, isQuoted: Bool)
        case parameter(Parameter, isQuoted: Bool)
        /// The output of a command.
        case substitution(String, isQuoted: Bool)
        /// Something that is not supported, such as an arithmetic expansion.
        case unknown(isQuoted: Bool)
    }

    /// A parameter expansion.
    struct Parameter: Hashable, Sendable {
        /// The name of a variable, the number of an argument, or a special character.
        let name: String
        var change = Change.none
    }

    /// The change that an expansion makes to the value of a parameter.
    indirect enum Change: Hashable, Sendable {
        case none
        /// `-` and `:-`: a word to use instead; `=` and `:=`, which also assign it.
        case fallback(ShellWord, ifEmpty: Bool, isAssigned: Bool = false)
        /// bash's `:0:N`: the first characters.
        case prefix(Int)
        /// `#`, `##`, `%` and `%%`: a pattern to remove.
        case removal(ShellWord, isPrefix: Bool, isLongest: Bool)
    }

    /// A Boolean value that indicates whether all parts of the word are quoted.
    var isQuoted: Bool { parts.allSatisfy(\.isQuoted) }

    /// The text of a word without quotes and expansions, such as a keyword; `nil` for any other.
    var literal: String? {
        guard case .text(let text, false)? = parts.first, parts.count == 1 else { return nil }
        return text
    }
}

extension ShellWord.Part {
    /// A Boolean value that indicates whether the part is in quotes.
    var isQuoted: Bool {
        switch self {
        case .text(_, let isQuoted), .parameter(_, let isQuoted), .substitution(_, let isQuoted),
            .unknown(let isQuoted):
            isQuoted
        }
    }
}
