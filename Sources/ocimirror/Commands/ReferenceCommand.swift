// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files

/// The hidden command that generates the reference for `make reference` and `make install`.
struct ReferenceCommand: ConfiguredCommand {
    var options = CommonOptions()
    var markdown: String?
    var manual: String?

    static let name = "reference"
    static let summary = "Generate the command reference"
    static let isHidden = true
    static let parameters: [Parameter<ReferenceCommand>] =
        [
            .option(
                "--markdown", placeholder: "FILE", into: \.markdown, help: "Markdown file to write"),
            .option(
                "--man", placeholder: "DIR", into: \.manual, help: "directory for manual pages"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        do {
            if let markdown {
                try AtomicFile.replace(
                    context.absolute(markdown), with: Array(Program.markdown.utf8), ifChanged: true)
            }
            if let manual {
                let directory = context.absolute(manual)
                try Directory.create(directory)
                for page in Program.manual {
                    try AtomicFile.replace(
                        "\(directory)/\(page.file)", with: Array(page.text.utf8), ifChanged: true)
                }
            }
        } catch {
            throw ConfigurationFileError(message: "\(error)")
        }
        return .success
    }
}
