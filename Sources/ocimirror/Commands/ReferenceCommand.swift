// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files

/// Writes what is generated from the command tree; `make reference` and `make install` call it.
struct ReferenceCommand: ConfiguredCommand {
    var options = CommonOptions()
    var markdown: String?
    var manual: String?

    static let name = "reference"
    static let summary = "Writes the reference of the command line."
    static let isHidden = true
    static let parameters: [Parameter<ReferenceCommand>] =
        [
            .option("--markdown", nil, "FILE", into: \.markdown, help: "the Markdown document"),
            .option("--man", nil, "DIR", into: \.manual, help: "a folder for the manual pages"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        do {
            if let markdown {
                try AtomicFile.replace(
                    context.absolute(markdown), with: Array(Program.markdown.utf8), ifChanged: true)
            }
            if let manual {
                let folder = context.absolute(manual)
                try Directory.create(folder)
                for page in Program.manual {
                    try AtomicFile.replace(
                        "\(folder)/\(page.file)", with: Array(page.text.utf8), ifChanged: true)
                }
            }
        } catch {
            throw ConfigurationFileError(message: "\(error)")
        }
        return .success
    }
}
