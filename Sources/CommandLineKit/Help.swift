// SPDX-License-Identifier: Apache-2.0

/// A heading in a help text, with two columns under it.
public struct HelpSection: Hashable, Sendable {
    /// A line of a section.
    public struct Row: Hashable, Sendable {
        /// What is explained.
        public let term: String
        /// Its explanation, which is wrapped.
        public let explanation: String
        /// Remarks such as `[default: 4]`, which are never broken.
        public let remarks: [String]

        /// Makes a line.
        public init(_ term: String, _ explanation: String, remarks: [String] = []) {
            self.term = term
            self.explanation = explanation
            self.remarks = remarks
        }
    }

    /// The heading, without a colon.
    public let title: String
    /// The lines.
    public let rows: [Row]

    /// Makes a section.
    public init(_ title: String, _ rows: [Row]) {
        self.title = title
        self.rows = rows
    }
}

extension CommandTree {
    /// Returns the help of the program, a group or a command.
    ///
    /// - Parameters:
    ///   - path: the words that lead to it, as ``CommandInvocation/help(_:)`` has them.
    ///   - width: the greatest number of characters in a line.
    /// - Returns: the text, with a line break at its end; without a command at `path`, the program's help.
    public func help(for path: [String] = [], width: Int = 80) -> String {
        var renderer = HelpRenderer(width: width)
        switch node(at: path) {
        case .command(let type):
            let page = page(type, at: path)
            renderer.add(page.summary)
            renderer.add(usage(for: path, label: "Usage: "))
            for paragraph in page.discussion { renderer.add(paragraph) }
            var help = ParameterDefinition.help
            help.section = page.shared.last?.section
            renderer.add(sections(for: page.own + page.shared + [help]))
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

    /// Returns how a command is called, on one line.
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

    /// Returns an error and, on a second line, how the command is called.
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

    /// Parameters under their headings, in the order in which the headings come up.
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
    /// A positional in a usage line.
    fileprivate var usage: String {
        let name = isRepeated ? "\(self.name)…" : self.name
        return isRequired ? name : "[\(name)]"
    }

    func row(prefix: String) -> HelpSection.Row {
        guard !isPositional else {
            return HelpSection.Row(isRepeated ? "\(name)…" : name, help)
        }
        var term = "\(short.map { "\($0), " } ?? "    ")\(effectiveName)"
        if kind == .option { term += " \(placeholder)" }
        var remarks: [String] = []
        if isRepeated { remarks.append("[repeatable]") }
        if let variable = variable(prefix: prefix) {
            let value = effectiveName == opposite ? "=false" : ""
            remarks.append("[env: \(variable)\(value)]")
        }
        if kind == .option, !defaults.isEmpty {
            remarks.append("[default: \(defaults.joined(separator: ","))]")
        }
        return HelpSection.Row(term, help, remarks: remarks)
    }
}
