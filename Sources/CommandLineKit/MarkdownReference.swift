// SPDX-License-Identifier: Apache-2.0

extension CommandTree {
    /// Returns the reference of the command line as a Markdown document.
    ///
    /// - Parameters:
    ///   - title: The title of the document.
    ///   - introduction: Markdown below the title, with a trailing line break.
    ///   - sharedOptions: Markdown above the options that all commands share.
    /// - Returns: The document.
    public func markdown(title: String, introduction: String, sharedOptions: String) -> String {
        var writer = MarkdownWriter(prefix: environmentPrefix)
        writer.lines += ["# \(title)", "", introduction]
        writer.lines += ["| command | does |", "|---|---|"]
        for page in pages {
            let words = page.path.joined(separator: " ")
            let anchor = ([name] + page.path).joined(separator: "-")
            writer.lines.append("| [`\(words)`](#\(anchor)) | \(writer.cell(page.summary)) |")
        }
        for topic in topics {
            let more = topic.document.map { " ([more](\($0)))" } ?? ""
            writer.lines.append("| `help \(topic.name)` | \(writer.cell(topic.summary))\(more) |")
        }
        writer.lines += ["", "## Options of every command", "", sharedOptions]
        writer.table(globals + [.help])
        for page in pages { writer.add(page, name) }
        return writer.lines.joined(separator: "\n") + "\n"
    }
}

/// Formats pages as sections of a Markdown document.
private struct MarkdownWriter {
    let prefix: String
    var lines: [String] = []

    mutating func add(_ page: CommandPage, _ program: String) {
        lines += ["", "## \(([program] + page.path).joined(separator: " "))", ""]
        lines += ["\(prose(page.summary)).", "", "```text", page.usage, "```"]
        for paragraph in page.discussion { lines += ["", prose(paragraph)] }
        if !page.own.isEmpty {
            lines.append("")
            table(page.own)
        }
        guard !page.examples.isEmpty else { return }
        lines += ["", "```sh"]
        let width = page.examples.map(\.line.count).max() ?? 0
        for example in page.examples {
            let gap = String(repeating: " ", count: width - example.line.count + 2)
            lines.append("\(example.line)\(gap)# \(example.explanation)")
        }
        lines.append("```")
    }

    mutating func table(_ definitions: [ParameterDefinition]) {
        let hasVariables = definitions.contains { $0.variable(prefix: prefix) != nil }
        lines += ["| option or argument | meaning |", "|---|---|"]
        for definition in definitions {
            let row = definition.row(prefix: prefix)
            let term = row.term.drop { $0 == " " }
            // The variables follow one rule, which the introduction states.
            let remarks = row.remarks.filter { !hasVariables || !$0.hasPrefix("[env:") }
            let meaning = ([row.explanation] + remarks).joined(separator: " ")
            lines.append("| `\(escape("|", in: String(term)))` | \(cell(meaning)) |")
        }
    }

    func cell(_ text: String) -> String { escape("|", in: prose(text)) }

    /// Returns text with literal words marked as code.
    private func prose(_ text: String) -> String {
        text.split(separator: " ").map { word in
            let typed = word.prefix { !",;:.)".contains($0) || $0 == "." && !word.hasSuffix(".") }
            let rest = word.dropFirst(typed.count)
            let isTyped =
                typed.hasPrefix("--") && typed.count > 2
                || typed.hasSuffix(".yaml") || typed.hasSuffix(".json")
                || typed.contains("_") && typed == typed.uppercased()
            return isTyped ? "`\(typed)`\(rest)" : escape("*<_", in: String(word))
        }.joined(separator: " ")
    }

    private func escape(_ characters: String, in text: String) -> String {
        var escaped = ""
        for character in text {
            if characters.contains(character) { escaped.append("\\") }
            escaped.append(character)
        }
        return escaped
    }
}
