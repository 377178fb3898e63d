// SPDX-License-Identifier: Apache-2.0

/// A manual page file.
public struct ManualPage: Hashable, Sendable {
    /// The name of the file, such as `ocimirror-sync.1`.
    public let file: String
    /// The page in mdoc(7) macros.
    public let text: String
}

extension CommandTree {
    /// Returns the manual pages of the program and of each command.
    ///
    /// The options that all commands share are described only on the program's page.
    ///
    /// - Parameter date: The date of the last change in mdoc's form: `November 21, 2026`.
    /// - Returns: The pages, the program's first.
    public func manualPages(date: String) -> [ManualPage] {
        [programPage(date)] + pages.map { commandPage($0, date) }
    }

    private func programPage(_ date: String) -> ManualPage {
        var writer = ManualWriter(name: name, words: [name], date: date, summary: summary)
        writer.lines += [
            ".Sh SYNOPSIS", ".Nm", ".Ar COMMAND", ".Op Ar OPTIONS", ".Nm", ".Cm help",
            ".Op Ar COMMAND | TOPIC", ".Sh DESCRIPTION", "The commands are:", ".Bl -tag -width Ds",
        ]
        for page in pages {
            writer.lines.append(".It Xr \(([name] + page.path).joined(separator: "-")) 1")
            writer.prose(page.summary)
        }
        writer.lines += [".El", ".Sh OPTIONS", "Every command has these options:"]
        writer.list(globals + [.help, .version], prefix: environmentPrefix)
        for section in sections {
            writer.lines.append(".Sh \(section.title.uppercased())")
            writer.list(section)
        }
        for topic in topics {
            writer.lines.append(".Sh \(topic.title.uppercased())")
            for block in topic.blocks { writer.add(block) }
        }
        writer.seeAlso(pages.map { ([name] + $0.path).joined(separator: "-") })
        return ManualPage(file: "\(name).1", text: writer.text)
    }

    private func commandPage(_ page: CommandPage, _ date: String) -> ManualPage {
        let words = [name] + page.path
        let title = words.joined(separator: "-")
        var writer = ManualWriter(name: title, words: words, date: date, summary: page.summary)
        writer.lines += [".Sh SYNOPSIS", ".Nm \"\(words.joined(separator: " "))\""]
        writer.lines.append(".Op Ar OPTIONS")
        for argument in page.own where argument.isPositional {
            let more = argument.isRepeated ? " ..." : ""
            let usage = "Ar \(argument.name)\(more)"
            writer.lines.append(argument.isRequired ? ".\(usage)" : ".Op \(usage)")
        }
        writer.lines.append(".Sh DESCRIPTION")
        for (index, paragraph) in (["\(page.summary)."] + page.discussion).enumerated() {
            if index > 0 { writer.lines.append(".Pp") }
            writer.prose(paragraph)
        }
        writer.lines.append(".Sh OPTIONS")
        if page.own.isEmpty {
            writer.lines.append("It has the options of every command, see")
        } else {
            writer.list(page.own, prefix: environmentPrefix)
            writer.lines.append("The options of every command are described in")
        }
        writer.lines.append(".Xr \(name) 1 .")
        if !page.examples.isEmpty {
            writer.lines.append(".Sh EXAMPLES")
            writer.add(page.examples)
        }
        writer.seeAlso([name])
        return ManualPage(file: "\(title).1", text: writer.text)
    }
}

extension HelpTopic {
    /// The name as a heading, such as `exit codes`.
    var title: String { String(name.map { $0 == "-" ? " " : $0 }) }
}
