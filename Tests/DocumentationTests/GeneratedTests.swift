// SPDX-License-Identifier: Apache-2.0

@testable import CommandLineKit
import Files
import Testing

@testable import Mirroring
@testable import ocimirror

/// Help and manual pages are generated from the command tree.
@Suite struct GeneratedTests {
    @Test func `the command line reference is up to date`() throws {
        #expect(
            try Project.text("Documentation/cli.md") == Program.markdown,
            "stale: run 'make reference'")
    }

    @Test func `the manual pages are up to date`() throws {
        let files = Program.manual.map { "Documentation/man/\($0.file)" }
        #expect(try Project.files(in: "Documentation/man") == files.sorted())
        for page in Program.manual {
            #expect(
                try Project.text("Documentation/man/\(page.file)") == page.text,
                "\(page.file) is stale: run 'make reference'")
        }
    }

    @Test func `no line of a manual page is unintentionally a macro`() {
        let macros: Set<Substring> = [
            "\\\"", "Dd", "Dt", "Os", "Sh", "Ss", "Nm", "Nd", "Ar", "Cm", "Op", "Bl", "It", "El",
            "Xr", "Pp", "Bd", "Ed",
        ]
        for page in Program.manual {
            for line in page.text.split(separator: "\n") where line.hasPrefix(".") {
                #expect(macros.contains(line.dropFirst().prefix { $0 != " " }), "\(line)")
            }
            #expect(!page.text.contains("\n'"))
        }
    }

    @Test func `help on the configuration lists all keys of the loader`() {
        let keys = Self.rows(of: .configuration).flatMap { row in
            row.explanation.replacing("a reference, or: ", with: "")
                .replacing("a list of tags, or: ", with: "").split(separator: " ").map(String.init)
        }
        #expect(Set(keys) == ConfigurationKeys.all.subtracting(ConfigurationKeys.credentials))
    }

    @Test func `help on exit codes lists all exit codes`() {
        let codes = Self.rows(of: .exitCodes).flatMap { row in
            row.term.split(separator: ", ").compactMap { Int32($0) }
        }
        #expect(codes == ExitCode.allCases.map(\.rawValue))
    }

    private static func rows(of topic: HelpTopic) -> [HelpSection.Row] {
        topic.blocks.flatMap { block -> [HelpSection.Row] in
            if case .section(let section) = block { section.rows } else { [] }
        }
    }

    @Test func `every listed command has an example`() {
        for page in Program.tree.pages {
            #expect(!page.examples.isEmpty, "\(page.path)")
            for example in page.examples {
                #expect(example.line.contains("ocimirror \(page.path.joined(separator: " "))"))
            }
        }
    }
}
