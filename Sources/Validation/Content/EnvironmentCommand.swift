// SPDX-License-Identifier: Apache-2.0

/// The command line of `env`.
///
/// Source: GNU coreutils 9.1, env(1) and src/env.c; busybox accepts a subset.
struct EnvironmentCommand {
    /// The command; `nil` if there is none, or if the command line is not understood.
    private(set) var command: WrappedCommand?

    /// The maximum number of nested `-S` options.
    private static let maximumSplits = 8

    private static let syntax = OptionSyntax(
        "i0vu:C:S:",
        [
            "ignore-environment", "null", "debug", "unset=", "chdir=", "split-string=",
            "block-signal", "default-signal", "ignore-signal", "list-signal-handling",
        ])

    init(_ arguments: [Argument], _ process: ProcessState) {
        var process = process
        var words = arguments
        for _ in 0...Self.maximumSplits {
            // `-S` replaces itself by the words of its text, which may begin with options.
            let (head, isSplit) = Self.untilSplit(words)
            guard let parsed = Self.syntax.parse(head.options) else { return }
            for option in parsed.options { Self.apply(option, to: &process) }
            guard isSplit, let option = parsed.options.last, let text = option.value?.text else {
                command = Self.command(parsed, process)
                return
            }
            guard let split = Self.split(text, process) else { return }
            words = split + Array(head.rest)
        }
    }

    /// Returns the words up to and including the first `-S` and its text, and the words after it.
    private static func untilSplit(
        _ words: [Argument]
    ) -> (head: (options: [Argument], rest: ArraySlice<Argument>), isSplit: Bool) {
        var count = 0
        while count < words.count, let text = words[count].text, text.hasPrefix("-"),
            text != "-", text != "--"
        {
            count += 1
            let name = text.hasPrefix("--") ? Substring() : text.dropFirst()
            let short = name.firstIndex { "uCS".contains($0) }
            let isSplit =
                short.map { name[$0] == "S" } ?? false || text == "--split-string"
                || text.hasPrefix("--split-string=")
            let takesNext =
                short.map { name.index(after: $0) == name.endIndex } ?? false
                || ["--unset", "--chdir", "--split-string"].contains(text)
            if takesNext { count += 1 }
            if isSplit {
                let end = min(count, words.count)
                return ((Array(words[..<end]), words[end...]), true)
            }
        }
        return ((words, []), false)
    }

    private static func apply(_ option: OptionSyntax.Option, to process: inout ProcessState) {
        switch option.name {
        case "i", "ignore-environment": process.forgetVariables()
        case "u", "unset":
            if let name = option.value?.text {
                process.forget(name)
            } else {
                process.forgetVariables()
            }
        case "C", "chdir": process.changeDirectory(to: option.value?.text)
        default: break
        }
    }

    private static func command(
        _ parsed: OptionSyntax.Parsed, _ process: ProcessState
    ) -> WrappedCommand? {
        var process = process
        var operands = parsed.operands
        if operands.first?.text == "-" {
            operands.removeFirst()
            process.forgetVariables()
        }
        var isCertain = parsed.isCertain
        while let word = operands.first {
            guard let text = word.text else {
                // It could be an assignment or the command.
                return WrappedCommand(words: Array(operands), process: process, isCertain: false)
            }
            guard let equals = text.firstIndex(of: "=") else { break }
            process.assign(
                String(text[..<equals]), String(text[text.index(after: equals)...]), exports: true)
            operands.removeFirst()
            isCertain = isCertain && word.isSingle
        }
        guard !operands.isEmpty else { return nil }
        return WrappedCommand(words: Array(operands), process: process, isCertain: isCertain)
    }

    // MARK: -S

    /// The quote in which a character of the text is.
    private enum Quote {
        case none, single, double
    }

    /// Splits the text of `-S` into words; `nil` if `env` rejects it.
    private static func split(_ text: String, _ process: ProcessState) -> [Argument]? {
        var words: [Argument] = []
        /// The current word; `nil` between words.
        var word: String?
        var isKnown = true
        var quote = Quote.none
        var rest = Substring(text)
        func finish() {
            if let word { words.append(Argument(isKnown ? word : nil)) }
            word = nil
            isKnown = true
        }
        while let character = rest.popFirst() {
            switch character {
            case "'" where quote != .double:
                quote = quote == .single ? .none : .single
                word = word ?? ""
            case "\"" where quote != .single:
                quote = quote == .double ? .none : .double
                word = word ?? ""
            case " ", "\t", "\n", "\u{B}", "\u{C}", "\r":
                if quote == .none { finish() } else { word = (word ?? "") + String(character) }
            case "#" where quote == .none && word == nil: rest = ""
            case "$" where quote != .single:
                guard let name = variable(&rest) else { return nil }
                // An unset variable is empty, but a runtime may set it.
                if let value = process[name] {
                    word = (word ?? "") + value
                } else {
                    word = word ?? ""
                    isKnown = false
                }
            case "\\":
                guard let escaped = rest.popFirst() else { return nil }
                if quote == .single, escaped != "'", escaped != "\\" {
                    word = (word ?? "") + "\\" + String(escaped)
                } else if escaped == "c" {
                    guard quote != .double else { return nil }
                    rest = ""
                } else if escaped == "_", quote == .none {
                    finish()
                } else {
                    guard let value = escapes[escaped] else { return nil }
                    word = (word ?? "") + String(value)
                }
            default: word = (word ?? "") + String(character)
            }
        }
        guard quote == .none else { return nil }
        finish()
        return words
    }

    private static let escapes: [Character: Character] = [
        "\"": "\"", "#": "#", "$": "$", "'": "'", "\\": "\\", "_": " ", "f": "\u{C}", "n": "\n",
        "r": "\r", "t": "\t", "v": "\u{B}",
    ]

    /// Reads the name of a variable in braces.
    private static func variable(_ rest: inout Substring) -> String? {
        guard rest.popFirst() == "{", let end = rest.firstIndex(of: "}") else { return nil }
        let name = String(rest[..<end])
        rest = rest[rest.index(after: end)...]
        return name.isEmpty ? nil : name
    }
}
