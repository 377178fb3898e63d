// SPDX-License-Identifier: Apache-2.0

/// Parses a shell script, one command after the other, as a shell reads it.
///
/// Source: POSIX.1-2017, XCU § 2.10 Shell Grammar.
struct ShellParser {
    var lexer: ShellLexer

    init(_ lexer: ShellLexer) {
        self.lexer = lexer
    }

    /// Returns the next command of a script; `nil` at its end.
    mutating func nextCommand() throws(UnsupportedShellSyntax) -> ShellCommand? {
        lexer.skipLines()
        guard lexer.next != nil else { return nil }
        let command = try separated()
        lexer.skipBlanks()
        return command
    }

    /// Parses commands up to a keyword, a closing parenthesis or the end of a `case` item, which
    /// are not skipped.
    mutating func list(until keywords: Set<String>) throws(UnsupportedShellSyntax) -> ShellCommand {
        var commands: [ShellCommand] = []
        while true {
            lexer.skipLines()
            guard let next = lexer.next else { throw UnsupportedShellSyntax() }
            if next == ")" || lexer.continues(with: ";;") || lexer.continues(with: ";&") { break }
            if let keyword = lexer.keyword, keywords.contains(keyword) { break }
            commands.append(try separated())
        }
        return .list(commands)
    }

    /// Parses a command and the separator after it.
    private mutating func separated() throws(UnsupportedShellSyntax) -> ShellCommand {
        let command = try lexer.nested { lexer throws(UnsupportedShellSyntax) in
            var parser = ShellParser(lexer)
            let command = try parser.chain()
            lexer = parser.lexer
            return command
        }
        lexer.skipBlanks()
        switch lexer.next {
        case nil, ")", "\n": return command
        case ";":
            if lexer.peek(1) != ";", lexer.peek(1) != "&" { _ = lexer.skip(";") }
            return command
        case "&":
            _ = lexer.skip("&")
            return .background(command)
        default: throw UnsupportedShellSyntax()
        }
    }

    private mutating func chain() throws(UnsupportedShellSyntax) -> ShellCommand {
        let first = try pipeline()
        var links: [ShellCommand.Link] = []
        while true {
            lexer.skipBlanks()
            let isAnd = lexer.continues(with: "&&")
            guard isAnd || lexer.continues(with: "||") else { break }
            lexer.position += 2
            lexer.skipLines()
            links.append(ShellCommand.Link(isAnd: isAnd, command: try pipeline()))
        }
        return links.isEmpty ? first : .chain(first, links)
    }

    private mutating func pipeline() throws(UnsupportedShellSyntax) -> ShellCommand {
        lexer.skipBlanks()
        var isNegated = false
        while lexer.keyword == "!" {
            lexer.position += 1
            isNegated.toggle()
            lexer.skipBlanks()
        }
        var commands = [try command()]
        lexer.skipBlanks()
        while lexer.next == "|", lexer.peek(1) != "|" {
            lexer.position += lexer.peek(1) == "&" ? 2 : 1
            lexer.skipLines()
            commands.append(try command())
            lexer.skipBlanks()
        }
        let pipeline = commands.count == 1 ? commands[0] : ShellCommand.pipeline(commands)
        return isNegated ? .not(pipeline) : pipeline
    }

    // MARK: Compound commands

    private mutating func command() throws(UnsupportedShellSyntax) -> ShellCommand {
        if lexer.continues(with: "((") {
            lexer.position += 1
            try lexer.skipParentheses()
            return try redirected(.arithmetic)
        }
        if lexer.skip("(") {
            let body = try list(until: [])
            guard lexer.skip(")") else { throw UnsupportedShellSyntax() }
            return try redirected(.subshell(body))
        }
        guard let keyword = lexer.keyword else { return try simpleCommand() }
        switch keyword {
        case "{":
            try require("{")
            let body = try list(until: ["}"])
            try require("}")
            return try redirected(body)
        case "if": return try redirected(conditional())
        case "case": return try redirected(selection())
        case "while", "until":
            try require(keyword)
            let condition = try list(until: ["do"])
            return try redirected(
                .loop(
                    condition: keyword == "while" ? condition : .not(condition),
                    body: try loopBody(), variable: nil))
        case "for": return try redirected(forLoop())
        case "function":
            try require("function")
            lexer.skipBlanks()
            guard let name = lexer.keyword else { throw UnsupportedShellSyntax() }
            try require(name)
            lexer.skipBlanks()
            return try function(name)
        case "[[": return try redirected(.test(testWords()))
        case "time":
            try require("time")
            lexer.skipBlanks()
            return try command()
        case "select", "coproc", "then", "elif", "else", "fi", "do", "done", "esac", "in", "}":
            throw UnsupportedShellSyntax()
        default: return try simpleCommand()
        }
    }

    /// Skips a keyword.
    private mutating func require(_ keyword: String) throws(UnsupportedShellSyntax) {
        lexer.skipBlanks()
        guard lexer.keyword == keyword else { throw UnsupportedShellSyntax() }
        lexer.position += keyword.utf8.count
    }

    /// Skips the redirections after a compound command.
    private mutating func redirected(
        _ command: ShellCommand
    ) throws(UnsupportedShellSyntax) -> ShellCommand {
        repeat { lexer.skipBlanks() } while try lexer.skipRedirection()
        return command
    }

    private mutating func conditional() throws(UnsupportedShellSyntax) -> ShellCommand {
        var branches: [ShellCommand.Branch] = []
        var keyword = "if"
        while keyword != "else", keyword != "fi" {
            try require(keyword)
            let condition = try list(until: ["then"])
            try require("then")
            let body = try list(until: ["elif", "else", "fi"])
            branches.append(ShellCommand.Branch(condition: condition, body: body))
            guard let next = lexer.keyword else { throw UnsupportedShellSyntax() }
            keyword = next
        }
        var otherwise: ShellCommand?
        if keyword == "else" {
            try require("else")
            otherwise = try list(until: ["fi"])
        }
        try require("fi")
        return .conditional(branches, otherwise: otherwise)
    }

    private mutating func selection() throws(UnsupportedShellSyntax) -> ShellCommand {
        try require("case")
        lexer.skipBlanks()
        let subject = try lexer.word()
        lexer.skipLines()
        try require("in")
        var items: [ShellCommand.Item] = []
        lexer.skipLines()
        while lexer.keyword != "esac" {
            _ = lexer.skip("(")
            var patterns: [ShellWord] = []
            repeat {
                lexer.skipBlanks()
                guard lexer.isAtWord else { throw UnsupportedShellSyntax() }
                patterns.append(try lexer.word())
                lexer.skipBlanks()
            } while lexer.skip("|")
            guard lexer.skip(")") else { throw UnsupportedShellSyntax() }
            let body = try list(until: ["esac"])
            let isFinal = !lexer.continues(with: ";;&") && !lexer.continues(with: ";&")
            for sign in [";;&", ";;", ";&"] where lexer.skip(sign) { break }
            items.append(ShellCommand.Item(patterns: patterns, body: body, isFinal: isFinal))
            lexer.skipLines()
            guard lexer.next != nil else { throw UnsupportedShellSyntax() }
        }
        try require("esac")
        return .selection(subject, items)
    }

    private mutating func forLoop() throws(UnsupportedShellSyntax) -> ShellCommand {
        try require("for")
        lexer.skipBlanks()
        var variable: String?
        if lexer.continues(with: "((") {
            lexer.position += 1
            try lexer.skipParentheses()
        } else {
            guard let name = lexer.keyword else { throw UnsupportedShellSyntax() }
            try require(name)
            variable = name
            lexer.skipLines()
            if lexer.keyword == "in" {
                try require("in")
                lexer.skipBlanks()
                while lexer.isAtWord {
                    _ = try lexer.word()
                    lexer.skipBlanks()
                }
            }
        }
        lexer.skipBlanks()
        _ = lexer.skip(";")
        return .loop(condition: nil, body: try loopBody(), variable: variable)
    }

    private mutating func loopBody() throws(UnsupportedShellSyntax) -> ShellCommand {
        lexer.skipLines()
        try require("do")
        let body = try list(until: ["done"])
        try require("done")
        return body
    }

    /// Parses the rest of a function definition, after its name.
    private mutating func function(
        _ name: String
    ) throws(UnsupportedShellSyntax) -> ShellCommand {
        if lexer.skip("(") {
            lexer.skipBlanks()
            guard lexer.skip(")") else { throw UnsupportedShellSyntax() }
        }
        lexer.skipLines()
        let body = try lexer.nested { lexer throws(UnsupportedShellSyntax) in
            var parser = ShellParser(lexer)
            let body = try parser.command()
            lexer = parser.lexer
            return body
        }
        return .function(name: name, body: body)
    }

    /// Parses the words in double brackets; `nil` if there are operators between them.
    private mutating func testWords() throws(UnsupportedShellSyntax) -> [ShellWord]? {
        try require("[[")
        var words: [ShellWord] = []
        var hasOperators = false
        while true {
            while let character = lexer.next, " \t\n".contains(character) {
                if character == "\n" { lexer.endLine() } else { lexer.position += 1 }
            }
            guard lexer.next != nil else { throw UnsupportedShellSyntax() }
            guard lexer.isAtWord else {
                hasOperators = true
                lexer.position += 1
                continue
            }
            let word = try lexer.word()
            if word.literal == "]]" { return hasOperators ? nil : words }
            words.append(word)
        }
    }

    // MARK: Simple commands

    private mutating func simpleCommand() throws(UnsupportedShellSyntax) -> ShellCommand {
        var command = ShellCommand.Simple(line: lexer.line)
        var isEmpty = true
        while true {
            lexer.skipBlanks()
            let isInput = lexer.isAtInputRedirection
            if try lexer.skipRedirection() {
                isEmpty = false
                command.redirectsInput = command.redirectsInput || isInput
                continue
            }
            if lexer.next == "(", command.words.count == 1, command.assignments.isEmpty,
                let name = command.words[0].literal
            {
                return try function(name)
            }
            guard lexer.isAtWord else { break }
            isEmpty = false
            if command.words.isEmpty, let assignment = try assignment() {
                command.assignments.append(assignment)
            } else {
                command.words.append(try lexer.word())
            }
        }
        guard !isEmpty else { throw UnsupportedShellSyntax() }
        return .simple(command)
    }

    /// Parses an assignment; `nil` if the next word is none.
    private mutating func assignment() throws(UnsupportedShellSyntax) -> ShellCommand.Assignment? {
        let rest = lexer.bytes[lexer.position...]
        let name = rest.prefix { byte in
            byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte)
                || (0x41...0x5A).contains(byte & 0xDF)
        }
        guard let first = name.first, !(0x30...0x39).contains(first) else { return nil }
        let end = rest.dropFirst(name.count)
        let isAppended = end.starts(with: "+=".utf8)
        guard isAppended || end.first == UInt8(ascii: "=") else { return nil }
        lexer.position += name.count + (isAppended ? 2 : 1)
        let text = String(decoding: name, as: UTF8.self)
        // bash's arrays.
        if lexer.skip("(") {
            try lexer.skipParentheses()
            return ShellCommand.Assignment(name: text, value: nil)
        }
        let value = try lexer.word()
        return ShellCommand.Assignment(name: text, value: isAppended ? nil : value)
    }
}
