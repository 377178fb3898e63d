// SPDX-License-Identifier: Apache-2.0

/// A section of a help text: a heading and two columns.
public struct HelpSection: Hashable, Sendable {
    /// A row of a section.
    public struct Row: Hashable, Sendable {
        /// The term.
        public let term: String
        /// The description, which is wrapped.
        public let explanation: String
        /// Notes such as `[default: 4]`, which are never broken.
        public let remarks: [String]

        /// Creates a row.
        public init(_ term: String, _ explanation: String, remarks: [String] = []) {
            self.term = term
            self.explanation = explanation
            self.remarks = remarks
        }
    }

    /// The heading, without a colon.
    public let title: String
    /// The rows.
    public let rows: [Row]

    /// Creates a section.
    public init(_ title: String, _ rows: [Row]) {
        self.title = title
        self.rows = rows
    }
}

extension CommandTree {
    /// Returns the help of the program, a group or a command.
    ///
    /// - Parameters:
    ///   - path: The path, as in ``CommandInvocation/help(_:)``.
    ///   - width: The maximum number of characters per line.
    /// - Returns: The text, with a trailing line break; the program's help if there is no command
    ///   at `path`.
    public func help(for path: [String] = [], width: Int = 80) -> String {
        var renderer = HelpRenderer(width: width)
        switch node(at: path) {
        case .command(let type):
            let page = page(type, at: path)
            renderer.add(page.summary)
            renderer.add(usage(for: path, label: "Usage: "))
            for paragraph in page.discussion { renderer.add(paragraph) }
            let arguments = page.own.filter(\.isPositional)
            let options = page.own.filter { !$0.isPositional }
            renderer.add(
                sections(for: arguments + options + [.help])
                    + [HelpSection("Options of every command", globals.map(row))])
            renderer.add(page.examples)
        case .group(_, let summary, let children):
            renderer.add(summary)
            renderer.add(usage(for: path, label: "Usage: "))
            renderer.add([Self.commandSection(children, under: path)])
        case nil:
            if let topic = topics.first(where: { [$0.name] == path }) {
                renderer.add(topic)
                return renderer.text
            }
            renderer.add(summary)
            renderer.add(usage(for: [], label: "Usage: "))
            let options = globals + [.help, .version]
            let pages = topics.map { HelpSection.Row("help \($0.name)", $0.summary) }
            renderer.add(
                [Self.commandSection(commands)] + sections(for: options) + sections
                    + [HelpSection("More help", pages)])
            renderer.add("'\(name) help COMMAND' describes a command.")
        }
        return renderer.text
    }

    /// Returns the short help: of the program its commands; of a command its own arguments and
    /// options, and the names of the common ones.
    public func shortHelp(for path: [String], width: Int = 80) -> String {
        guard !path.isEmpty else {
            var renderer = HelpRenderer(width: width)
            renderer.add(summary)
            renderer.add(usage(for: [], label: "Usage: "))
            renderer.add([Self.commandSection(commands)])
            renderer.add(
                "'\(name) COMMAND -h' lists the options of a command; '\(name) --help' describes the "
                    + "common options, the arguments and more.")
            return renderer.text
        }
        guard case .command(let type) = node(at: path) else { return help(for: path, width: width) }
        var renderer = HelpRenderer(width: width)
        let page = page(type, at: path)
        renderer.add(page.summary)
        renderer.add(usage(for: path, label: "Usage: "))
        let own = page.own.filter(\.isPositional) + page.own.filter { !$0.isPositional }
        let rows = own.map { $0.row(prefix: nil) }
        renderer.add([HelpSection("Arguments and options", rows)])
        let names = globals.map { [$0.short, $0.name].compactMap(\.self).joined(separator: "/") }
        renderer.add("Options of every command: \(names.joined(separator: ", "))")
        renderer.add(
            "'\(([name] + path).joined(separator: " ")) --help' describes them, with examples.")
        return renderer.text
    }

    private func row(_ definition: ParameterDefinition) -> HelpSection.Row {
        definition.row(prefix: environmentPrefix)
    }

    /// Returns the usage line of a command.
    public func usage(for path: [String], label: String = "usage: ") -> String {
        var words = [name] + path
        if case .command(let type) = node(at: path) {
            words.append("[OPTIONS]")
            words += type.definitions.filter(\.isPositional).map(\.usage)
        } else {
            words += ["COMMAND", "[OPTIONS]"]
        }
        return label + words.joined(separator: " ")
    }

    /// Returns an error message followed by the usage line.
    public func explanation(of error: UsageError) -> String {
        "\(error)\n\(usage(for: Array(error.command.dropFirst())))"
    }

    private static func commandSection(
        _ nodes: [CommandNode<Context>], under path: [String] = []
    ) -> HelpSection {
        let rows = nodes.flatMap(\.leaves).filter { !$0.type.isHidden }.map { leaf in
            HelpSection.Row((path + leaf.path).joined(separator: " "), leaf.type.summary)
        }
        return HelpSection("Commands", rows)
    }

    /// The parameters by section, in the order in which the sections first occur.
    private func sections(for definitions: [ParameterDefinition]) -> [HelpSection] {
        var titles: [String] = []
        var rows: [String: [HelpSection.Row]] = [:]
        for definition in definitions {
            let title = definition.section ?? (definition.isPositional ? "Arguments" : "Options")
            if !titles.contains(title) { titles.append(title) }
            rows[title, default: []].append(definition.row(prefix: environmentPrefix))
        }
        return titles.map { HelpSection($0, rows[$0] ?? []) }
    }
}

extension ParameterDefinition {
    /// The form of a positional in a usage line.
    fileprivate var usage: String {
        let name = isRepeated ? "\(self.name)…" : self.name
        return isRequired ? name : "[\(name)]"
    }

    /// Returns the row of help; without a prefix, it leaves out the environment variable.
    func row(prefix: String?) -> HelpSection.Row {
        guard !isPositional else {
            return HelpSection.Row(isRepeated ? "\(name)…" : name, help)
        }
        var term = "\(short.map { "\($0), " } ?? "    ")\(effectiveName)"
        if kind == .option { term += " \(placeholder)" }
        var remarks: [String] = []
        if isRepeated { remarks.append("[repeatable]") }
        if let variable = prefix.flatMap({ variable(prefix: $0) }) {
            let value = effectiveName == opposite ? "=false" : ""
            remarks.append("[env: \(variable)\(value)]")
        }
        if kind == .option, !defaults.isEmpty {
            remarks.append("[default: \(defaults.joined(separator: ","))]")
        }
        return HelpSection.Row(term, help, remarks: remarks)
    }
}

/// A help page that is not about a command, such as the list of exit codes.
public struct HelpTopic: Hashable, Sendable {
    /// A block of a page.
    public enum Block: Hashable, Sendable {
        /// Text, which is wrapped.
        case paragraph(String)
        /// Two columns under a heading.
        case section(HelpSection)
        /// Preformatted lines, such as an excerpt of a file.
        case lines([String])
    }

    /// The word after `help`.
    public let name: String
    /// A one-line summary.
    public let summary: String
    /// The document with more detail, as a path relative to the Markdown reference.
    public let document: String?
    /// The blocks of the page.
    public let blocks: [Block]

    /// Creates a page.
    public init(_ name: String, summary: String, document: String? = nil, _ blocks: [Block]) {
        self.name = name
        self.summary = summary
        self.document = document
        self.blocks = blocks
    }
}
