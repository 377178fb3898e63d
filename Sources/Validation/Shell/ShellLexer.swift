// SPDX-License-Identifier: Apache-2.0

/// The reason why the rest of a script is not parsed: it is malformed, cut off, or beyond the
/// supported grammar.
struct UnsupportedShellSyntax: Error {}

/// Reads the characters and words of a shell script.
///
/// Source: POSIX.1-2017, XCU § 2.2 Quoting, § 2.3 Token Recognition.
struct ShellLexer {
    let bytes: [UInt8]
    var position = 0
    /// The number of the current line, from 1.
    private(set) var line = 1
    /// The number of constructs that contain the current one.
    private var depth = 0
    private var pendingDocuments: [HereDocument] = []

    /// A here-document whose text begins after the current line.
    private struct HereDocument {
        let delimiter: [UInt8]
        let stripsTabs: Bool
    }

    /// The maximum number of nested constructs.
    private static let maximumDepth = 24

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Runs a function one level deeper.
    mutating func nested<Result>(
        _ body: (inout ShellLexer) throws(UnsupportedShellSyntax) -> Result
    ) throws(UnsupportedShellSyntax) -> Result {
        guard depth < Self.maximumDepth else { throw UnsupportedShellSyntax() }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    // MARK: Characters

    /// The next character; `nil` at the end.
    var next: Character? { peek(0) }

    /// Returns a later character; `nil` after the end.
    func peek(_ distance: Int) -> Character? {
        bytes.indices.contains(position + distance)
            ? Character(Unicode.Scalar(bytes[position + distance])) : nil
    }

    /// Returns whether the text continues with these characters.
    func continues(with text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

    /// Skips these characters, if the text continues with them.
    mutating func skip(_ text: String) -> Bool {
        guard continues(with: text) else { return false }
        position += text.utf8.count
        return true
    }

    /// Skips spaces, tabs, continued lines and a comment.
    mutating func skipBlanks() {
        while let character = next {
            if character == " " || character == "\t" {
                position += 1
            } else if continues(with: "\\\n") {
                position += 2
                line += 1
            } else if character == "#" {
                position = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            } else {
                return
            }
        }
    }

    /// Skips blanks, ends of lines and here-documents.
    mutating func skipLines() {
        skipBlanks()
        while next == "\n" {
            endLine()
            skipBlanks()
        }
    }

    /// Skips the end of a line, and the here-documents that follow it.
    mutating func endLine() {
        position += 1
        line += 1
        for document in pendingDocuments {
            while position < bytes.count {
                let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
                var text = bytes[position..<end]
                if document.stripsTabs { text = text.drop { $0 == UInt8(ascii: "\t") } }
                position = min(end + 1, bytes.count)
                line += 1
                if text.elementsEqual(document.delimiter) { break }
            }
        }
        pendingDocuments = []
    }

    private static func isOperator(_ character: Character) -> Bool {
        " \t\n;&|<>()".contains(character)
    }

    /// A Boolean value that indicates whether a word begins here.
    var isAtWord: Bool { next.map { !Self.isOperator($0) } ?? false }

    /// The unquoted word that begins here, if it contains nothing else; it is not skipped.
    var keyword: String? {
        let word = bytes[position...].prefix { byte in
            !Self.isOperator(Character(Unicode.Scalar(byte)))
        }
        guard !word.isEmpty, word.count < 64,
            !word.contains(where: { "'\"\\$`".utf8.contains($0) })
        else { return nil }
        return String(decoding: word, as: UTF8.self)
    }

    // MARK: Words

    /// Reads a word, up to an operator.
    mutating func word() throws(UnsupportedShellSyntax) -> ShellWord {
        try word { lexer in lexer.next.map(Self.isOperator) ?? true }
    }

    /// Reads a word, up to an unquoted end.
    mutating func word(
        until isEnd: (ShellLexer) -> Bool
    ) throws(UnsupportedShellSyntax) -> ShellWord {
        var word = ShellWord()
        while let character = next, !isEnd(self) {
            switch character {
            case "'":
                position += 1
                word.append(try text(until: "'"), isQuoted: true)
            case "\"":
                position += 1
                try readQuoted(into: &word)
            case "\\":
                position += 1
                guard next != nil else { throw UnsupportedShellSyntax() }
                if next == "\n" { line += 1 } else { word.append(scalar(), isQuoted: true) }
                position += next == "\n" ? 1 : 0
            case "$": word.parts.append(try expansion(isQuoted: false))
            case "`":
                position += 1
                word.parts.append(.substitution(try backquoted(), isQuoted: false))
            default: word.append(scalar(), isQuoted: false)
            }
        }
        return word
    }

    /// Reads one character of UTF-8.
    private mutating func scalar() -> String {
        let start = position
        position += 1
        while position < bytes.count, bytes[position] & 0xC0 == 0x80 { position += 1 }
        if bytes[start] == UInt8(ascii: "\n") { line += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func text(until end: Character) throws(UnsupportedShellSyntax) -> String {
        let start = position
        while let character = next {
            position += 1
            if character == end {
                return String(decoding: bytes[start..<(position - 1)], as: UTF8.self)
            }
            if character == "\n" { line += 1 }
        }
        throw UnsupportedShellSyntax()
    }

    private mutating func readQuoted(
        into word: inout ShellWord
    ) throws(UnsupportedShellSyntax) {
        word.append("", isQuoted: true)
        while let character = next {
            switch character {
            case "\"":
                position += 1
                return
            case "\\":
                position += 1
                guard let escaped = next else { throw UnsupportedShellSyntax() }
                if escaped == "\n" {
                    position += 1
                    line += 1
                } else {
                    if !"$`\"\\".contains(escaped) { word.append("\\", isQuoted: true) }
                    word.append(scalar(), isQuoted: true)
                }
            case "$": word.parts.append(try expansion(isQuoted: true))
            case "`":
                position += 1
                word.parts.append(.substitution(try backquoted(), isQuoted: true))
            default: word.append(scalar(), isQuoted: true)
            }
        }
        throw UnsupportedShellSyntax()
    }

    private mutating func backquoted() throws(UnsupportedShellSyntax) -> String {
        let start = position
        while let character = next {
            position += 1
            if character == "`" {
                return String(decoding: bytes[start..<(position - 1)], as: UTF8.self)
            }
            if character == "\\" { position = min(position + 1, bytes.count) }
            if character == "\n" { line += 1 }
        }
        throw UnsupportedShellSyntax()
    }

    // MARK: Expansions

    /// Reads an expansion that begins with `$`.
    private mutating func expansion(
        isQuoted: Bool
    ) throws(UnsupportedShellSyntax) -> ShellWord.Part {
        position += 1
        guard let character = next else { return .text("$", isQuoted: isQuoted) }
        switch character {
        case "(":
            position += 1
            if next == "(" {
                try skipParentheses()
                return .unknown(isQuoted: isQuoted)
            }
            let start = position
            try nested { lexer throws(UnsupportedShellSyntax) in
                var parser = ShellParser(lexer)
                _ = try parser.list(until: [])
                lexer = parser.lexer
            }
            guard skip(")") else { throw UnsupportedShellSyntax() }
            return .substitution(
                String(decoding: bytes[start..<(position - 1)], as: UTF8.self), isQuoted: isQuoted)
        case "{":
            position += 1
            return try nested { lexer throws(UnsupportedShellSyntax) in
                try lexer.braces(isQuoted: isQuoted)
            }
        case "@", "*", "#", "?", "-", "$", "!":
            position += 1
            return .parameter(ShellWord.Parameter(name: String(character)), isQuoted: isQuoted)
        case "'" where !isQuoted:
            // bash's quoting with escapes.
            position += 1
            while let other = next, other != "'" {
                position = min(position + (other == "\\" ? 2 : 1), bytes.count)
            }
            guard skip("'") else { throw UnsupportedShellSyntax() }
            return .unknown(isQuoted: true)
        default:
            guard let name = parameterName() else { return .text("$", isQuoted: isQuoted) }
            return .parameter(ShellWord.Parameter(name: name), isQuoted: isQuoted)
        }
    }

    /// Reads a name, or one digit.
    private mutating func parameterName() -> String? {
        if let digit = next, digit.isASCII, digit.isNumber {
            position += 1
            return String(digit)
        }
        let name = nameCharacters()
        return name.isEmpty ? nil : name
    }

    /// Reads the longest sequence of characters that names contain.
    private mutating func nameCharacters() -> String {
        var name = ""
        while let character = next, character.isASCII,
            character.isLetter || character.isNumber || character == "_"
        {
            name.append(character)
            position += 1
        }
        return name
    }

    /// Reads an expansion in braces.
    private mutating func braces(isQuoted: Bool) throws(UnsupportedShellSyntax) -> ShellWord.Part {
        var name = ""
        if let character = next, "@*#?$!-".contains(character), peek(1) == "}" {
            name = String(character)
            position += 1
        } else {
            name = nameCharacters()
            // The first element of bash's arrays is the value of a variable.
            if !name.isEmpty { _ = skip("[0]") }
        }
        var parameter = ShellWord.Parameter(name: name)
        if skip("}") {
            guard !name.isEmpty else { throw UnsupportedShellSyntax() }
            return .parameter(parameter, isQuoted: isQuoted)
        }
        let isColon = continues(with: ":-") || continues(with: ":=")
        if !name.isEmpty, isColon || next == "-" || next == "=" {
            position += isColon ? 1 : 0
            let isAssigned = next == "="
            position += 1
            parameter.change = .fallback(
                try wordInBraces(), ifEmpty: isColon, isAssigned: isAssigned)
        } else if !name.isEmpty, continues(with: ":0:"), let digit = peek(3)?.wholeNumberValue,
            peek(4) == "}"
        {
            position += 5
            parameter.change = .prefix(digit)
        } else if !name.isEmpty, let sign = next, sign == "#" || sign == "%" {
            let isLongest = peek(1) == sign
            position += isLongest ? 2 : 1
            parameter.change = .removal(
                try wordInBraces(), isPrefix: sign == "#", isLongest: isLongest)
        } else {
            // The rest is read, so that what follows is still understood.
            _ = try wordInBraces()
            return .unknown(isQuoted: isQuoted)
        }
        return .parameter(parameter, isQuoted: isQuoted)
    }

    private mutating func wordInBraces() throws(UnsupportedShellSyntax) -> ShellWord {
        let word = try word { $0.next == "}" }
        guard skip("}") else { throw UnsupportedShellSyntax() }
        return word
    }

    /// Skips text up to the parenthesis that closes the next one.
    mutating func skipParentheses() throws(UnsupportedShellSyntax) {
        var depth = 1
        while let character = next {
            position += 1
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == "\n" { line += 1 }
            if depth == 0 { return }
        }
        throw UnsupportedShellSyntax()
    }

    // MARK: Redirections

    /// A Boolean value that indicates whether a redirection of the standard input follows.
    var isAtInputRedirection: Bool { continues(with: "<") || continues(with: "0<") }

    /// Skips a redirection; returns whether there is one.
    mutating func skipRedirection() throws(UnsupportedShellSyntax) -> Bool {
        var ahead = 0
        while let character = peek(ahead), character.isASCII, character.isNumber { ahead += 1 }
        if ahead == 0, peek(0) == "&", peek(1) == ">" { ahead = 1 }
        guard let sign = peek(ahead), sign == "<" || sign == ">" else { return false }
        position += ahead
        // bash's process substitution.
        guard peek(1) != "(" else { throw UnsupportedShellSyntax() }
        if skip("<<<") {
            skipBlanks()
            _ = try word()
        } else if skip("<<") {
            let stripsTabs = skip("-")
            skipBlanks()
            let delimiter = try word().parts.map { part -> String in
                if case .text(let text, _) = part { text } else { "" }
            }.joined()
            pendingDocuments.append(
                HereDocument(delimiter: Array(delimiter.utf8), stripsTabs: stripsTabs))
        } else {
            for sign in [">>", ">|", "<>", ">&", "<&", ">", "<"] where skip(sign) { break }
            skipBlanks()
            guard isAtWord else { throw UnsupportedShellSyntax() }
            _ = try word()
        }
        return true
    }
}

extension ShellWord {
    /// Appends text to the last part, if that is quoted in the same way.
    fileprivate mutating func append(_ text: String, isQuoted: Bool) {
        if case .text(let before, isQuoted)? = parts.last {
            parts[parts.count - 1] = .text(before + text, isQuoted: isQuoted)
        } else {
            parts.append(.text(text, isQuoted: isQuoted))
        }
    }
}
