// SPDX-License-Identifier: Apache-2.0

/// The options that a program accepts before the command that it starts.
///
/// Source: getopt_long(3), with a `+` at the beginning: the first operand ends the options.
struct OptionSyntax: Sendable {
    /// Short options without a value.
    private let flags: Set<Character>
    /// Short options with a value.
    private let valued: Set<Character>
    /// Long options without a value, or with an optional one.
    private let longFlags: Set<String>
    /// Long options with a value.
    private let longValued: Set<String>

    /// A Boolean value that indicates whether options are words after one or two dashes, and those
    /// that are not listed have no value.
    private let hasWordOptions: Bool

    /// An option and its value.
    struct Option: Hashable {
        let name: String
        let value: Argument?
    }

    /// The options and operands of a command line.
    struct Parsed {
        var options: [Option] = []
        var operands: ArraySlice<Argument> = []
        /// A Boolean value that indicates whether an unknown word could be an option.
        var isCertain = true
    }

    /// Creates a syntax.
    ///
    /// - Parameters:
    ///   - short: The short options, each followed by a colon if it has a value.
    ///   - long: The long options, each followed by `=` if it has a value.
    init(_ short: String = "", _ long: [String] = []) {
        var (flags, valued): (Set<Character>, Set<Character>) = ([], [])
        for (character, next) in zip(short, short.dropFirst() + " ") where character != ":" {
            if next == ":" { valued.insert(character) } else { flags.insert(character) }
        }
        self.flags = flags
        self.valued = valued
        hasWordOptions = false
        longFlags = Set(long.filter { !$0.hasSuffix("=") })
        longValued = Set(long.filter { $0.hasSuffix("=") }.map { String($0.dropLast()) })
    }

    /// Creates a syntax whose options are words after one or two dashes.
    ///
    /// - Parameter words: The options, each followed by `=` if it has a value; others have none.
    init(words: [String]) {
        (flags, valued) = ([], [])
        hasWordOptions = true
        longFlags = Set(words.filter { !$0.hasSuffix("=") })
        longValued = Set(words.filter { $0.hasSuffix("=") }.map { String($0.dropLast()) })
    }

    /// Parses arguments; `nil` if the program rejects an option or prints only a help text.
    func parse(_ arguments: some Collection<Argument>) -> Parsed? {
        var parsed = Parsed()
        var rest = Array(arguments)[...]
        while let word = rest.first {
            guard let text = word.text else {
                parsed.isCertain =
                    flags.isEmpty && valued.isEmpty && !hasWordOptions && word.isSingle
                break
            }
            guard text.hasPrefix("-"), text != "-" else { break }
            guard !(flags.isEmpty && valued.isEmpty && longFlags.isEmpty && longValued.isEmpty)
            else { break }
            rest.removeFirst()
            if text == "--" { break }
            guard
                hasWordOptions || text.hasPrefix("--")
                    ? parseLong(text.drop { $0 == "-" }, rest: &rest, into: &parsed)
                    : parseShort(text.dropFirst(), rest: &rest, into: &parsed)
            else { return nil }
        }
        parsed.operands = rest
        return parsed
    }

    private func parseLong(
        _ text: Substring, rest: inout ArraySlice<Argument>, into parsed: inout Parsed
    ) -> Bool {
        let name = String(text.prefix { $0 != "=" })
        let value = text.contains("=") ? String(text.dropFirst(name.count + 1)) : nil
        if longValued.contains(name) {
            guard value != nil || !rest.isEmpty else { return false }
            let argument = value.map { Argument($0) } ?? rest.removeFirst()
            parsed.options.append(Option(name: name, value: argument))
            return argument.isSingle
        }
        guard longFlags.contains(name) || hasWordOptions else { return false }
        parsed.options.append(Option(name: name, value: value.map { Argument($0) }))
        return true
    }

    private func parseShort(
        _ text: Substring, rest: inout ArraySlice<Argument>, into parsed: inout Parsed
    ) -> Bool {
        var text = text
        while let character = text.popFirst() {
            if valued.contains(character) {
                guard !text.isEmpty || !rest.isEmpty else { return false }
                let argument = text.isEmpty ? rest.removeFirst() : Argument(String(text))
                parsed.options.append(Option(name: String(character), value: argument))
                return argument.isSingle
            }
            guard flags.contains(character) else { return false }
            parsed.options.append(Option(name: String(character), value: nil))
        }
        return true
    }
}

/// A word of a command line that is traced.
struct Argument: Hashable {
    /// The text; `nil` if it is unknown.
    let text: String?
    /// A Boolean value that indicates whether this is exactly one word, and not any number.
    let isSingle: Bool

    init(_ text: String?) {
        self.text = text
        self.isSingle = true
    }

    private init() {
        text = nil
        isSingle = false
    }

    /// An unknown number of unknown words.
    static let anyNumber = Argument()
}
