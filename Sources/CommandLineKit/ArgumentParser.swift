// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// One word of a command line, before anything is known of its meaning.
enum ArgumentWord {
    /// `--name`, `--name=value`, `-n` or `-n=value`.
    case option(name: String, value: String?)
    /// `--`: what follows are arguments.
    case terminator
    /// Anything else; a lone dash too, which names standard input by custom.
    case plain(String)

    init(_ text: String) {
        guard text.hasPrefix("-"), text != "-" else {
            self = .plain(text)
            return
        }
        guard text != "--" else {
            self = .terminator
            return
        }
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        self = .option(name: String(parts[0]), value: parts.count > 1 ? String(parts[1]) : nil)
    }

    /// Whether the word after an option can be its value: a dash begins one only before a digit.
    static func isValue(_ text: String) -> Bool {
        guard text.hasPrefix("-"), let second = text.dropFirst().first else { return true }
        return second.isASCII && second.isNumber
    }
}

extension [ParameterDefinition] {
    /// Returns the option that a name means, and whether it is the opposite of a flag.
    func match(_ name: String) -> (index: Int, isOpposite: Bool)? {
        if let index = firstIndex(where: { $0.name == name || $0.short == name }),
            !self[index].isPositional
        {
            return (index, false)
        }
        return firstIndex { $0.opposite == name }.map { ($0, true) }
    }

    /// Every long name that can be meant.
    var longNames: [String] {
        filter { !$0.isPositional }.flatMap { [$0.name, $0.opposite].compactMap(\.self) }
    }
}

/// Reads the words after a command's name.
struct ArgumentParser {
    let command: [String]
    let definitions: [ParameterDefinition]
    /// What was given, by the index of the parameter.
    private(set) var given: [Int: [String]] = [:]
    private var plainWords: [String] = []

    init(_ command: [String], _ definitions: [ParameterDefinition]) {
        self.command = command
        self.definitions = definitions
    }

    mutating func read(_ words: [String]) throws(UsageError) {
        var rest = words[...]
        while let word = rest.popFirst() {
            switch ArgumentWord(word) {
            case .terminator:
                plainWords += rest
                rest = []
            case .plain(let text):
                plainWords.append(text)
            case .option(let name, let value):
                try readOption(name, value, &rest)
            }
        }
        try assignPlainWords()
    }

    private mutating func readOption(
        _ name: String, _ attached: String?, _ rest: inout ArraySlice<String>
    ) throws(UsageError) {
        guard let (index, isOpposite) = definitions.match(name) else {
            throw UsageError(
                command,
                .unknownOption(
                    UntrustedText(name),
                    suggestion: Suggestion.nearest(
                        to: name, among: definitions.longNames + ["--help"])))
        }
        let value: String
        if definitions[index].kind == .flag {
            guard attached == nil else {
                throw UsageError(command, .unexpectedValue(flag: name))
            }
            value = isOpposite ? "false" : "true"
        } else if let attached {
            value = attached
        } else if let next = rest.first, ArgumentWord.isValue(next) {
            value = rest.removeFirst()
        } else {
            let placeholder = definitions[index].placeholder
            throw UsageError(command, .missingValue(option: name, placeholder: placeholder))
        }
        given[index, default: []].append(value)
    }

    private mutating func assignPlainWords() throws(UsageError) {
        var rest = plainWords[...]
        for (index, definition) in definitions.enumerated() where definition.isPositional {
            let taken = definition.isRepeated ? rest : rest.prefix(1)
            rest.removeFirst(taken.count)
            if !taken.isEmpty {
                given[index] = Array(taken)
            } else if definition.isRequired {
                throw UsageError(command, .missingArgument(definition.name, help: definition.help))
            }
        }
        if let surplus = rest.first {
            throw UsageError(command, .unexpectedArgument(UntrustedText(surplus)))
        }
    }

    /// What an environment gives to an option; a variable that is empty counts as unset.
    static func values(
        of definition: ParameterDefinition, in environment: [String: String], prefix: String
    ) -> [String]? {
        guard let variable = definition.variable(prefix: prefix),
            let text = environment[variable], !text.isEmpty
        else { return nil }
        return definition.isRepeated ? text.split(separator: ",").map(String.init) : [text]
    }
}

extension Command {
    /// Makes the command that a command line asks for: words before the environment before defaults.
    static func parsing(
        _ words: [String], as command: [String], environment: [String: String], prefix: String
    ) throws(UsageError) -> Self {
        let parameters = Self.parameters
        var parser = ArgumentParser(command, parameters.map(\.definition))
        try parser.read(words)

        var result = Self()
        for (index, parameter) in parameters.enumerated() {
            let definition = parameter.definition
            var origin = definition.name
            var texts = parser.given[index]
            if texts == nil, let variable = definition.variable(prefix: prefix) {
                origin = variable
                texts = ArgumentParser.values(of: definition, in: environment, prefix: prefix)
            }
            guard let texts else { continue }
            do throws(InvalidValue) {
                try parameter.store(&result, texts)
            } catch {
                throw UsageError(
                    command,
                    .invalidValue(
                        of: origin, UntrustedText(error.text), reason: error.reason,
                        suggestion: Suggestion.nearest(
                            to: error.text, among: definition.candidates)))
            }
        }
        return result
    }
}
