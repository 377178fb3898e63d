// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import Mirroring
import Testing
import Validation

@testable import ocimirror

/// The reference documents match the code.
@Suite struct ReferenceTests {
    @Test func `every finding has a section, and every section a finding`() throws {
        let findings = try Self.document("Documentation/findings.md")
        let sections = findings.prose.filter { $0.hasPrefix("## ") }.map {
            $0.dropFirst(3).trimming("`")
        }
        #expect(sections.sorted() == Finding.ID.allCases.map(\.rawValue).sorted())
        let listed = findings.rows.compactMap(\.first).filter { $0.hasPrefix("[") }
        #expect(listed == sections.map { "[`\($0)`](#\($0))" })
    }

    @Test func `every exit code has a row, and every row a code`() throws {
        let rows = try Self.document("Documentation/exit-codes.md").rows.dropFirst(2)
        #expect(
            rows.compactMap { $0.first.flatMap { Int32($0) } } == ExitCode.allCases.map(\.rawValue))
    }

    @Test func `every key of a JSON document has a row, and every row a key`() throws {
        let reference = try Self.document("Documentation/json.md")
        // Short documents are beside their commands.
        let commands = try Project.files(in: "Sources/ocimirror/Commands").map(Project.text)
        let sources =
            try Project.files(in: "Sources/ocimirror/Documents").map(Project.text)
            + commands.filter { $0.contains(#/"schema"[:,] 1/#) }
        let keys = Set(
            sources.flatMap { source in
                source.matches(of: #/"(\w+)": |Member\("(\w+)", /#)
                    .compactMap { $0.output.1 ?? $0.output.2 }.map(String.init)
            })
        #expect(keys.count > 30)
        let described = Set(reference.inlineCode.map(String.init))
        #expect(keys.subtracting(described) == [])
        let rows = reference.rows.compactMap(\.first).flatMap { cell in
            cell.matches(of: /`(\w+)`/).map { String($0.output.1) }
        }
        #expect(Set(rows).subtracting(keys) == [])
    }

    @Test func `every event of a log has a row, and every row an event`() throws {
        let section = try Project.text("Documentation/json.md").split(separator: "## Log lines")[1]
        let rows = Document(path: "json.md", text: String(section)).rows.compactMap(\.first)
        let events = rows.drop { $0 != "event" }.dropFirst().filter { !$0.hasPrefix("-") }
        #expect(events.sorted() == LogEntry.Event.allCases.map(\.rawValue).sorted())
    }

    @Test func `the configuration in the README is accepted`() throws {
        let readme = try Self.document("README.md")
        let yaml = try #require(readme.blocks.first { $0.language == "yaml" })
        let text = yaml.lines.map { "\($0)\n" }.joined()
        let loader = ConfigurationLoader(file: "mirror.yaml", environment: [:], baseDirectory: "/")
        let loaded = try loader.load(text: Array(text.utf8))
        #expect(loaded.warnings.isEmpty)
        #expect(loaded.configuration.images.count == 3)
    }

    @Test func `the version is in the change log`() throws {
        #expect(try Project.text("CHANGELOG.md").contains(Program.version))
    }

    private static func document(_ path: String) throws -> Document {
        Document(path: path, text: try Project.text(path))
    }
}
