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
        /// A function or a keyword.
        case name(Substring)
        case open
        case close
    }

    /// The keyword of a block, such as `else with`; `nil` for an action that produces output or sets a
    /// variable.
    let keyword: Substring?
    /// The variable that the action sets; in a `range` with two, the one for the element.
    let variable: Substring?
    let words: [Word]

    private static let keywords: Set<Substring> = [
        "define", "block", "with", "range", "if", "else", "end", "break", "continue",
    ]

    /// Functions after which a tag has no digest.
    private static let cleaning: Set<Substring> = [
        "regexReplaceAll", "mustRegexReplaceAll", "regexReplaceAllLiteral",
        "mustRegexReplaceAllLiteral", "regexFind", "mustRegexFind", "split", "splitList", "splitn",
        "sha256sum", "sha1sum", "adler32sum", "b64enc", "kindIs", "empty", "hasKey",
    ]

    private static let comparing: Set<Substring> = [
        "semver", "semverCompare", "mustSemverCompare",
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
            if keyword == "else", words.first == .name("with") { keyword = "else with" }
        }
        var variable: Substring?
        if let assignment = words.firstIndex(where: { $0 == .name(":=") || $0 == .name("=") }) {
            if case .chain(let name?, let fields)? = words[..<assignment].last, fields.isEmpty {
                variable = name
            }
            words.removeFirst(assignment + 1)
        }
        self.keyword = keyword
        self.variable = variable
        self.words = words
    }

    /// A Boolean value that indicates whether a function removes a digest from the result.
    var isCleaned: Bool {
        words.indices.contains { index in
            guard case .name(let name) = words[index] else { return false }
            guard name == "replace", case .string(let old)? = words.dropFirst(index + 1).first
            else { return Self.cleaning.contains(name) }
            return old.contains("@") || old.contains(":")
        }
    }

    /// A Boolean value that indicates whether the action reads a value as a version.
    var comparesVersions: Bool {
        words.contains { word in
            if case .name(let name) = word { Self.comparing.contains(name) } else { false }
        }
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
            case "\"", "`":
                rest.removeFirst()
                let string = rest.prefix { $0 != first }
                words.append(.string(string))
                rest = rest[string.endIndex...].dropFirst()
            case "$":
                let name = rest.dropFirst().prefix(while: isNamePart)
                rest = rest[name.endIndex...]
                words.append(.chain(variable: name, fields: fields(of: &rest)))
            case ".":
                words.append(.chain(variable: nil, fields: fields(of: &rest)))
            case _ where first.isWhitespace || first == "|" || first == ",":
                rest.removeFirst()
            default:
                let name = rest.prefix { !$0.isWhitespace && !"()|,\"`".contains($0) }
                words.append(.name(name))
                rest = rest[name.endIndex...]
            }
        }
        return words
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
