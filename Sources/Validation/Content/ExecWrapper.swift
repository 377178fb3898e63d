// SPDX-License-Identifier: Apache-2.0

/// A program that starts the program that its arguments name.
enum ExecWrapper {
    /// Starts the rest of its arguments, after its options.
    case options(withValue: Set<String>)
    /// As `options`, after one more word, such as a user or a duration.
    case oneWord(optionsWithValue: Set<String>)
    /// Starts the rest of its arguments, after options and variable assignments.
    case environment
    case shell

    /// The command that is started.
    enum Command: Hashable {
        case words([String])
        case shellText(String)
    }

    /// Creates the wrapper with a program name; `nil` if the program is not a known wrapper.
    init?(_ name: String) {
        switch name {
        case "tini", "tini-static", "docker-init": self = .options(withValue: ["-p", "-e"])
        case "dumb-init": self = .options(withValue: ["-r", "--rewrite"])
        case "catatonit", "nohup", "setsid": self = .options(withValue: [])
        case "nice": self = .options(withValue: ["-n", "--adjustment"])
        case "gosu", "su-exec": self = .oneWord(optionsWithValue: [])
        case "timeout":
            self = .oneWord(optionsWithValue: ["-s", "--signal", "-k", "--kill-after"])
        case "env": self = .environment
        case "sh", "ash", "bash", "dash", "ksh", "mksh", "zsh": self = .shell
        default: return nil
        }
    }

    /// Returns the command in the arguments; `nil` if there is none.
    func command(in arguments: [String]) -> Command? {
        switch self {
        case .options(let withValue): Self.words(after: withValue, in: arguments)
        case .oneWord(let withValue): Self.words(after: withValue, in: arguments, skipping: 1)
        case .environment: Self.environmentCommand(in: arguments)
        case .shell: Self.shellCommand(in: arguments)
        }
    }

    private static func words(
        after withValue: Set<String>, in arguments: [String], skipping count: Int = 0
    ) -> Command? {
        var rest = arguments[...]
        while let word = rest.first, word.hasPrefix("-"), word != "-" {
            rest.removeFirst()
            if word == "--" { break }
            if withValue.contains(word) { rest = rest.dropFirst() }
        }
        rest = rest.dropFirst(count)
        return rest.isEmpty ? nil : .words(Array(rest))
    }

    /// The maximum number of nested `-S` options.
    private static let maximumSplits = 8

    /// Source: GNU coreutils, env(1); busybox knows fewer options.
    private static func environmentCommand(in arguments: [String]) -> Command? {
        // The next word is the last element.
        var rest = Array(arguments.reversed())
        var splits = 0
        while let word = rest.popLast() {
            var text = splitText(word)
            if word == "-S" || word == "--split-string" {
                guard let next = rest.popLast() else { return nil }
                text = next[...]
            }
            if let text {
                splits += 1
                guard splits <= maximumSplits else { return nil }
                rest += text.split(separator: " ").reversed().map(String.init)
            } else if ["-u", "--unset", "-C", "--chdir"].contains(word) {
                _ = rest.popLast()
            } else if !word.hasPrefix("-"), !word.contains("=") {
                return .words([word] + rest.reversed())
            }
        }
        return nil
    }

    /// Returns the text of `-S` in one word, as in the first line of a script, which a kernel does
    /// not split.
    private static func splitText(_ word: String) -> Substring? {
        for option in ["--split-string=", "-vS", "-S", "-iS"]
        where word.hasPrefix(option) && word != option {
            return word.dropFirst(option.count)
        }
        return nil
    }

    /// Source: POSIX, sh(1).
    private static func shellCommand(in arguments: [String]) -> Command? {
        var rest = arguments[...]
        var takesText = false
        while let word = rest.first, word.hasPrefix("-") || word.hasPrefix("+") {
            rest.removeFirst()
            if word == "--" || word == "-" { break }
            guard !word.hasPrefix("--") else { continue }
            if word.contains("c") { takesText = true }
            if word.last == "o" { rest = rest.dropFirst() }
        }
        return takesText ? rest.first.map(Command.shellText) : nil
    }
}

/// The text of a shell command, without expansions and control structures.
struct ShellText {
    /// The program that is started first; `nil` for a builtin, or if it cannot be determined.
    let firstCommand: String?

    init(_ text: String) {
        var words = text.split(whereSeparator: \.isWhitespace)[...]
        while let word = words.first, word == "exec" || Self.isAssignment(word) {
            words.removeFirst()
        }
        guard let word = words.first else {
            firstCommand = nil
            return
        }
        let command = word.prefix { !";&|<>".contains($0) }
        let isPlain = command.allSatisfy {
            $0.isASCII && ($0.isLetter || $0.isNumber || "/._+-".contains($0))
        }
        firstCommand =
            isPlain && !command.isEmpty && !command.hasPrefix("-")
                && !Self.builtins.contains(String(command)) ? String(command) : nil
    }

    private static func isAssignment(_ word: Substring) -> Bool {
        guard let equals = word.firstIndex(of: "="), equals != word.startIndex else { return false }
        return word[..<equals].allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
            && !word.contains { "$`\"'(\\".contains($0) }
    }

    private static let builtins: Set<String> = [
        ".", ":", "alias", "bg", "break", "case", "cd", "command", "continue", "declare", "do",
        "done", "echo", "eval", "exec", "exit", "export", "false", "fg", "for", "function",
        "getopts", "hash", "if", "jobs", "kill", "let", "local", "printf", "pwd", "read",
        "readonly", "return", "select", "set", "shift", "shopt", "source", "test", "then", "time",
        "times", "trap", "true", "type", "typeset", "ulimit", "umask", "unalias", "unset",
        "until", "wait", "while",
    ]
}
