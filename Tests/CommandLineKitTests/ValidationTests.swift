// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import Testing

struct ValidationTests {
    @Test func `a valid declaration has no problems`() {
        #expect(Program.tree.validate() == [])
    }

    @Test func `all mistakes in a declaration are found`() {
        let tree = CommandTree<Void>(
            "p", summary: "", environmentPrefix: "P_", globals: Shared.parameters,
            defaults: Shared(),
            commands: [
                .command(Faulty.self), .command(Faulty.self), .group("help", summary: "x", []),
            ])
        let perCommand = [
            "p fault y: --twice: declared twice",
            "p fault y: --help: declared twice",
            "p fault y: --twice: no help",
            "p fault y: --no-thing: not a proper name",
            "p fault y: thing: not a proper name",
            "p fault y: --config: a global option that it does not take",
            "p fault y: --quiet: a global option that it does not take",
            "p fault y: OPTIONAL: takes what NEEDED needs",
            "p fault y: MANY: takes what LAST needs",
        ]
        #expect(
            tree.validate() == [
                "p: fault y: declared twice",
                "p: 'fault y': not a name of a command",
                "p fault y: no summary",
                "p: 'fault y': not a name of a command",
                "p fault y: no summary",
                "p: help: built in",
            ] + perCommand + perCommand)
    }
}

private struct Faulty: Command {
    var flag = false
    var text = ""
    var optional: String?
    var many: [String] = []

    static let name = "fault y"
    static let summary = ""
    static let parameters: [Parameter<Self>] = [
        .flag("--twice", into: \.flag, help: "x"),
        .option("--twice", into: \.text, help: ""),
        .flag("--help", into: \.flag, help: "x"),
        .flag("--no-thing", into: \.flag, help: "x"),
        .option("thing", into: \.text, help: "x"),
        .positional("OPTIONAL", into: \.optional, help: "x"),
        .positional("NEEDED", into: \.text, help: "x"),
        .positional("MANY", into: \.many, help: "x"),
        .positional("LAST", into: \.optional, help: "x"),
    ]

    func run(in context: Void) async -> ExitCode { .success }
}
