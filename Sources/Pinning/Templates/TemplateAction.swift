// SPDX-License-Identifier: Apache-2.0

/// An action of a template: the text between `{{` and `}}`, as words.
///
/// Source: Go, `text/template` § Actions.
struct TemplateAction {
    enum Word: Hashable {
        /// A field chain: the variable that it starts from, `nil` for the dot, and its fields.
        case chain(variable: Substring?, fields: [Substring])
        /// The fields of the group before.
        case fields([Substring])
        case string(Substring)
        /// A function, a keyword or a number.
        case name(Substring)
        case pipe
        case open
        case close
    }

    /// The keyword of a block, such as `else with`; `nil` for an action that produces output or sets a
    /// variable.
    private(set) var keyword: Substring?
    /// The variable that the action sets; in a `range` with two, the one for the element.
    let variable: Substring?
    /// A Boolean value that indicates whether the action declares the variable, which ends with the
    /// block around it.
    let isDeclaration: Bool
    /// The words of the pipeline.
    private(set) var words: [Word]

    private static let keywords: Set<Substring> = [
        "define", "block", "with", "range", "if", "else", "end", "break", "continue",
    ]

    /// Creates the action from its text; `nil` for a comment.
    init?(_ text: String) {
        var rest = Substring(text)
        if rest.first == "-" { rest.removeFirst() }
        if rest.last == "-" { rest.removeLast() }
        rest = rest.drop(while: \.isWhitespace)
        guard !rest.hasPrefix("/*") else { return nil }
        var words = Self.words(in: rest)
        var keyword: Substring?
        if case .name(let name)? = words.first, Self.keywords.contains(name) {
            keyword = name
            words.removeFirst()
            if name == "else", case .name(let inner)? = words.first,
                inner == "if" || inner == "with"
            {
                keyword = "else \(inner)"
                words.removeFirst()
            }
        }
        var variable: Substring?
        let assignment = words.firstIndex { $0 == .name(":=") || $0 == .name("=") }
        isDeclaration = assignment.map { words[$0] == .name(":=") } ?? false
        if let assignment {
            if case .chain(let name?, let fields)? = words[..<assignment].last, fields.isEmpty {
                variable = name
            }
            words.removeFirst(assignment + 1)
        }
        self.keyword = keyword
        self.variable = variable
        self.words = words
    }

    /// Creates the action that evaluates a text as a template in the context of the dot.
    init(evaluating text: String) {
        (keyword, variable, isDeclaration) = (nil, nil, false)
        words = [.name("tpl"), .string(Substring(text)), .chain(variable: nil, fields: [])]
    }

    /// A Boolean value that indicates whether the output begins with a line break.
    ///
    /// Source: Sprig, `nindent`.
    var beginsLine: Bool {
        let last = words.lastIndex(of: .pipe).map { words[($0 + 1)...] } ?? words[...]
        if last.first == .name("nindent") { return true }
        guard last.startIndex == words.startIndex else { return false }
        let texts: Set<Word> = [.name("print"), .name("printf"), .name("println"), .name("cat")]
        guard case .string(let text)? = last.drop(while: texts.contains).first else { return false }
        return text.hasPrefix("\n") || text.hasPrefix("\\n")
    }

    /// The inclusion of the template that a `block` defines.
    var inclusion: TemplateAction {
        var inclusion = self
        inclusion.keyword = nil
        inclusion.words.insert(.name("template"), at: 0)
        return inclusion
    }

    private static func words(in text: Substring) -> [Word] {
        var words: [Word] = []
        var rest = text
        while let first = rest.first {
            switch first {
            case "(":
                words.append(.open)
                rest.removeFirst()
            case ")":
                words.append(.close)
                rest.removeFirst()
                if rest.first == "." { words.append(.fields(fields(of: &rest))) }
            case "|":
                words.append(.pipe)
                rest.removeFirst()
            case "\"", "`":
                rest.removeFirst()
                words.append(.string(string(in: &rest, endingAt: first)))
            case "$":
                let name = rest.dropFirst().prefix(while: isNamePart)
                rest = rest[name.endIndex...]
                words.append(.chain(variable: name, fields: fields(of: &rest)))
            case ".":
                words.append(.chain(variable: nil, fields: fields(of: &rest)))
            case _ where first.isWhitespace || first == ",":
                rest.removeFirst()
            default:
                let name = rest.prefix { !$0.isWhitespace && !"()|,\"`".contains($0) }
                words.append(.name(name))
                rest = rest[name.endIndex...]
            }
        }
        return words
    }

    /// Reads a string up to its quote; escapes stay as they are.
    private static func string(
        in rest: inout Substring, endingAt quote: Character
    ) -> Substring {
        var isEscaped = false
        let string = rest.prefix { character in
            guard !isEscaped else {
                isEscaped = false
                return true
            }
            isEscaped = character == "\\" && quote == "\""
            return character != quote
        }
        rest = rest[string.endIndex...].dropFirst()
        return string
    }

    /// Reads `.a.b`, or a single dot.
    private static func fields(of rest: inout Substring) -> [Substring] {
        var fields: [Substring] = []
        while rest.first == "." {
            rest.removeFirst()
            let field = rest.prefix(while: isNamePart)
            if !field.isEmpty { fields.append(field) }
            rest = rest[field.endIndex...]
        }
        return fields
    }

    private static func isNamePart(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }
}
