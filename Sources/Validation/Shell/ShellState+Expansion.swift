// SPDX-License-Identifier: Apache-2.0

/// Word expansion.
///
/// Source: POSIX.1-2017, XCU § 2.6 Word Expansions.
extension ShellState {
    /// The maximum number of words that a command may have.
    private static let maximumWordCount = 512

    /// Returns the words of a command after their expansion.
    func expand(_ words: [ShellWord], _ substitute: ShellSubstitution) -> [Argument] {
        var expanded: [Argument] = []
        for word in words {
            expanded += fields(word, substitute)
            if expanded.count > Self.maximumWordCount { return [.anyNumber] }
        }
        return expanded
    }

    /// Returns the value of a word without splitting it, as in an assignment; `nil` if it is
    /// unknown.
    func value(of word: ShellWord, _ substitute: ShellSubstitution) -> String? {
        var value = ""
        for part in word.parts {
            guard let text = text(of: part, substitute) else { return nil }
            value += text
            guard value.utf8.count <= ProcessState.maximumValueByteCount else { return nil }
        }
        return value
    }

    /// Returns a pattern; `nil` if it is unknown or not supported.
    func pattern(
        of word: ShellWord, _ substitute: ShellSubstitution
    ) -> ShellPattern? {
        var parts: [(text: String, isQuoted: Bool)] = []
        for part in word.parts {
            guard let text = text(of: part, substitute) else { return nil }
            parts.append((text, part.isQuoted))
        }
        return ShellPattern(parts)
    }

    private func text(
        of part: ShellWord.Part, _ substitute: ShellSubstitution
    ) -> String? {
        switch part {
        case .text(let text, _): text
        case .parameter(let parameter, _): value(of: parameter, substitute)
        case .substitution(let text, _): substitute(text, self)
        case .unknown: nil
        }
    }

    // MARK: Parameters

    /// Sets the variables to which the expansions of words assign a value.
    mutating func assignDefaults(
        in words: some Sequence<ShellWord>, _ substitute: ShellSubstitution
    ) {
        for case .parameter(let parameter, _) in words.flatMap(\.parts) {
            guard case .fallback(_, _, true) = parameter.change else { continue }
            process.assign(parameter.name, value(of: parameter, substitute))
        }
    }

    /// Forgets the variables that arithmetic may change.
    mutating func forgetNumbers() {
        for (name, variable) in process.variables
        where variable.value.map({ $0.isEmpty || Int($0) != nil }) ?? false {
            process.assign(name, nil)
        }
    }

    /// Returns the value of a parameter; `nil` if it is unknown.
    private func value(
        of parameter: ShellWord.Parameter, _ substitute: ShellSubstitution
    ) -> String? {
        let value = value(of: parameter.name)
        switch parameter.change {
        case .none: return value
        case .fallback(let word, let ifEmpty, _):
            // Whether a variable without a known value is set is unknown, too.
            guard let value else {
                guard let number = Int(parameter.name), let arguments,
                    number > arguments.count
                else { return nil }
                return self.value(of: word, substitute)
            }
            return ifEmpty && value.isEmpty ? self.value(of: word, substitute) : value
        case .prefix(let count): return value.map { String($0.prefix(count)) }
        case .removal(let word, let isPrefix, let isLongest):
            guard let value, let pattern = pattern(of: word, substitute) else { return nil }
            return pattern.removing(from: value, isPrefix: isPrefix, isLongest: isLongest)
        }
    }

    private func value(of name: String) -> String? {
        switch name {
        case "0": name0
        case "#": arguments.map { String($0.count) }
        case "@", "*":
            arguments.flatMap { words in
                words.allSatisfy { $0.text != nil }
                    ? words.compactMap(\.text).joined(separator: " ") : nil
            }
        default:
            if let number = Int(name) {
                arguments.flatMap { words in
                    number <= words.count ? words[number - 1].text : ""
                }
            } else {
                process[name]
            }
        }
    }

    private var name0: String? { name.text }

    // MARK: Fields

    /// A field that is being built.
    private struct Field {
        var text: String? = ""
        /// A Boolean value that indicates whether the field remains if it is empty.
        var exists = false
        var isSingle = true

        /// The maximum length of a word; a longer one is unknown.
        private static let maximumByteCount = 16_384

        var argument: Argument { isSingle ? Argument(text) : .anyNumber }

        mutating func append(_ more: String?) {
            exists = true
            guard let more, let text, text.utf8.count + more.utf8.count <= Self.maximumByteCount
            else {
                self.text = nil
                return
            }
            self.text = text + more
        }

        mutating func makeUnknown() {
            exists = true
            text = nil
            isSingle = false
        }
    }

    /// Returns the fields into which a word expands.
    private func fields(
        _ word: ShellWord, _ substitute: ShellSubstitution
    ) -> [Argument] {
        var done: [Argument] = []
        var field = Field()
        // Without arguments, "$@" expands to no word at all.
        let hasArgumentList = word.parts.contains { part in
            if case .parameter(let parameter, true) = part { parameter.name == "@" } else { false }
        }
        for (position, part) in word.parts.enumerated() {
            switch part {
            case .text("", true) where hasArgumentList: break
            case .text(let text, let isQuoted):
                field.append(text)
                // Patterns, home directories and bash's braces.
                if !isQuoted,
                    Self.mayMatchFiles(text) || word.parts.count > 1 && text.contains("[")
                        || position == 0 && text.hasPrefix("~")
                        || text.contains("{") && text.contains(where: { ",.".contains($0) })
                {
                    field.makeUnknown()
                }
            case .parameter(let parameter, let isQuoted)
            where (parameter.name == "@" || parameter.name == "*" && !isQuoted)
                && parameter.change == .none:
                guard let arguments else {
                    field.makeUnknown()
                    continue
                }
                for (index, argument) in arguments.enumerated() {
                    if index > 0 {
                        if field.exists { done.append(field.argument) }
                        field = Field()
                    }
                    if isQuoted {
                        field.append(argument.text)
                    } else {
                        split(argument.text, into: &field, done: &done)
                    }
                }
            // Such as an array, which has any number of elements.
            case .unknown: field.makeUnknown()
            case .parameter(_, true), .substitution(_, true):
                field.append(text(of: part, substitute))
            case .parameter, .substitution:
                split(text(of: part, substitute), into: &field, done: &done)
            }
        }
        if field.exists { done.append(field.argument) }
        return done
    }

    /// Returns whether an unquoted text is a pattern, which expands to the names of files.
    ///
    /// An opening bracket without a closing one matches itself, as in the command `[`.
    private static func mayMatchFiles(_ text: String) -> Bool {
        text.contains { "*?".contains($0) }
            || text.firstIndex(of: "[").map { text[$0...].contains("]") } == true
    }

    /// Appends an unquoted value, which is split at white space.
    private func split(_ value: String?, into field: inout Field, done: inout [Argument]) {
        // Another separator can be set.
        guard let value, process.variables["IFS"] == nil,
            !Self.mayMatchFiles(value)
        else {
            field.makeUnknown()
            return
        }
        let isBlank = { (character: Character) in
            character == " " || character == "\t" || character == "\n"
        }
        if value.first.map(isBlank) == true, field.exists {
            done.append(field.argument)
            field = Field()
        }
        for (index, text) in value.split(whereSeparator: isBlank).enumerated() {
            if index > 0 {
                done.append(field.argument)
                field = Field()
            }
            field.append(String(text))
        }
        if value.last.map(isBlank) == true, field.exists {
            done.append(field.argument)
            field = Field()
        }
    }
}
