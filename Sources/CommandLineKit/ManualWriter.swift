// SPDX-License-Identifier: Apache-2.0

/// Writes a page in mdoc(7) macros, for groff and mandoc.
struct ManualWriter {
    var lines: [String]

    var text: String { lines.joined(separator: "\n") + "\n" }

    init(name: String, words: [String], date: String, summary: String) {
        lines = [
            #".\" Written by 'make reference' from the command tree; not by hand."#,
            ".Dd \(date)", ".Dt \(name.uppercased()) 1", ".Os", ".Sh NAME", ".Nm \(name)",
            ".Nd \(Self.escaped(summary.prefix(1).lowercased() + summary.dropFirst()))",
        ]
    }

    /// Adds text with one sentence per line, wrapped to a readable width.
    mutating func prose(_ text: String) {
        var line = ""
        for word in text.split(separator: " ").map({ Self.escaped(String($0)) }) {
            if line.isEmpty {
                line = word
            } else if line.count + 1 + word.count > 72 || Self.endsSentence(line) {
                lines.append(Self.guarded(line))
                line = word
            } else {
                line += " " + word
            }
        }
        if !line.isEmpty { lines.append(Self.guarded(line)) }
    }

    private static func endsSentence(_ line: String) -> Bool {
        line.hasSuffix(".") || line.hasSuffix(":") || line.hasSuffix("?")
    }

    mutating func list(_ definitions: [ParameterDefinition], prefix: String) {
        lines.append(".Bl -tag -width Ds")
        for definition in definitions {
            let row = definition.row(prefix: prefix)
            if definition.isPositional {
                lines.append(".It Ar \(definition.name)\(definition.isRepeated ? " ..." : "")")
            } else {
                let short = definition.short.map { "Fl \($0.dropFirst()) , " } ?? ""
                let value = definition.kind == .option ? " Ar \"\(definition.placeholder)\"" : ""
                let name = Self.escaped(String(definition.effectiveName.dropFirst()))
                lines.append(Self.escapedDots(".It \(short)Fl \(name)\(value)"))
            }
            prose(row.explanation)
            for remark in row.remarks { lines.append(Self.guarded(Self.escaped(remark))) }
        }
        lines.append(".El")
    }

    mutating func list(_ section: HelpSection) {
        lines.append(".Bl -tag -width Ds")
        for row in section.rows {
            lines.append(".It \(Self.argument(row.term))")
            prose(row.explanation)
        }
        lines.append(".El")
    }

    mutating func add(_ block: HelpTopic.Block) {
        switch block {
        case .paragraph(let text):
            if lines.last?.hasPrefix(".Sh") != true { lines.append(".Pp") }
            prose(text)
        case .section(let section):
            lines.append(".Ss \(Self.escaped(section.title))")
            list(section)
        case .lines(let verbatim):
            lines.append(".Bd -literal -offset indent")
            lines += verbatim.map { Self.guarded(Self.escaped($0, isLiteral: true)) }
            lines.append(".Ed")
        }
    }

    mutating func add(_ examples: [Example]) {
        lines.append(".Bl -tag -width Ds")
        for example in examples {
            lines.append(".It Li \(Self.argument(example.line))")
            prose(example.explanation)
        }
        lines.append(".El")
    }

    mutating func seeAlso(_ names: [String]) {
        lines.append(".Sh SEE ALSO")
        let names = names.sorted()
        lines += names.map { ".Xr \($0) 1\($0 == names.last ? "" : " ,")" }
    }

    /// Returns a line that is not parsed as a macro.
    private static func guarded(_ line: String) -> String {
        line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
    }

    /// Returns one macro argument without a trailing character that the macro would treat as
    /// punctuation.
    private static func argument(_ text: String) -> String {
        let escaped = escaped(text, isLiteral: true)
            .split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\(dq")
        return "\"\(escaped)\(escaped.last == "." ? "\\&" : "")\""
    }

    private static func escapedDots(_ text: String) -> String {
        text.split(separator: "…", omittingEmptySubsequences: false).joined(separator: "...")
    }

    /// Returns text with the characters escaped that roff would interpret or typeset differently.
    static func escaped(_ text: String, isLiteral: Bool = false) -> String {
        var escaped = ""
        var former: Character = " "
        for character in text {
            switch character {
            case "\\": escaped += "\\e"
            case "'": escaped += "\\(aq"
            case "`": escaped += "\\(ga"
            case "^": escaped += "\\(ha"
            case "~": escaped += "\\(ti"
            case "-" where isLiteral || !former.isLetter: escaped += "\\-"
            case "…": escaped += "..."
            case "–": escaped += "\\(en"
            default: escaped.append(character)
            }
            former = character
        }
        return escaped
    }
}
