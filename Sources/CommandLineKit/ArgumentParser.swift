// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// A word of a command line, classified by its form alone.
enum ArgumentWord {
    /// `--name`, `--name=value`, `-n` or `-n=value`.
    case option(name: String, value: String?)
    /// `--`, after which all words are arguments.
    case terminator
    /// Any other word, including a lone dash, which conventionally names standard input.
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

    /// A Boolean value that indicates whether the word can be the value of the option before it.
    ///
    /// A dash is accepted only before a digit.
    static func isValue(_ text: String) -> Bool {
        guard text.hasPrefix("-"), let second = text.dropFirst().first else { return true }
        return second.isASCII && second.isNumber
    }
}

extension [ParameterDefinition] {
    /// Returns the option with a name, and whether the name negates a flag.
    func match(_ name: String) -> (index: Int, isOpposite: Bool)? {
        if let index = firstIndex(where: { $0.name == name || $0.short == name }),
            !self[index].isPositional
        {
            return (index, false)
        }
        return firstIndex { $0.opposite == name }.map { ($0, true) }
    }

    /// Every long option name.
    var longNames: [String] {
        filter { !$0.isPositional }.flatMap { [$0.name, $0.opposite].compactMap(\.self) }
    }
}

/// Parses the words after the name of a command.
struct ArgumentParser {
    let command: [String]
    let definitions: [ParameterDefinition]
    /// The values given so far, by the index of the parameter.
    private(set) var given: [Int: [String]] = [:]
    private var plainWords: [String] = []
    /// The advice about options of other tools.
    private let advice: [String: String]

    init(
        _ command: [String], _ definitions: [ParameterDefinition], advice: [String: String] = [:]
    ) {
        self.command = command
        self.definitions = definitions
        self.advice = advice
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
                try readOption(name, attached: value, rest: &rest)
            }
        }
        try assignPlainWords()
    }

    private mutating func readOption(
        _ name: String, attached: String?, rest: inout ArraySlice<String>
    ) throws(UsageError) {
        guard let (index, isOpposite) = definitions.match(name) else {
            let qualifiedName = (command.dropFirst() + [name]).joined(separator: " ")
            if let advice = advice[qualifiedName] ?? advice[name] {
                throw UsageError(command, .unsupported(name, advice))
            }
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

    /// Returns the value that the environment sets for an option.
    ///
    /// An empty variable counts as unset.
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
    /// Returns the command with its values: from the command line, else the environment, else the
    /// defaults.
    static func parsing(
        _ words: [String], as command: [String], environment: [String: String], prefix: String,
        advice: [String: String] = [:]
    ) throws(UsageError) -> Self {
        let parameters = Self.parameters
        var parser = ArgumentParser(command, parameters.map(\.definition), advice: advice)
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
