// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit

/// The command `completions`, which generates the completion script of a shell.
struct CompletionsCommand: ConfiguredCommand {
    var options = CommonOptions()
    var shell = CompletionShell.bash

    static let name = "completions"
    static let summary = "Generate shell completions for bash, zsh or fish"
    static let discussion = """
        The script completes commands, options, files and option values, and the ids, images and \
        registries of mirror.yaml in the current directory. It queries the installed program, so it \
        does not need to be regenerated after an upgrade. 'make install' installs the scripts.
        """
    static let examples = [
        Example(
            "ocimirror completions bash > ~/.local/share/bash-completion/completions/ocimirror",
            "install for bash"),
        Example(
            "ocimirror completions zsh > ~/.zfunc/_ocimirror",
            "install for zsh, in a directory of fpath"),
        Example(
            "ocimirror completions fish > ~/.config/fish/completions/ocimirror.fish",
            "install for fish"),
    ]
    static let parameters: [Parameter<CompletionsCommand>] =
        [.positional("SHELL", into: \.shell, help: "bash, zsh or fish")]
        + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        context.console.result(
            shell.script(for: Program.tree.name, asking: CompleteCommand.name))
        return .success
    }
}

/// The hidden command that completion scripts call.
///
/// It never fails, and writes only candidates.
struct CompleteCommand: ConfiguredCommand {
    var options = CommonOptions()
    var words: [String] = []

    static let name = "complete"
    static let summary = "List completions of a command line"
    static let isHidden = true
    static let parameters: [Parameter<CompleteCommand>] =
        [
            .positional(
                "WORD", into: \.words,
                help: "words of the command line, including the incomplete last word")
        ]
        + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        var completion = Program.tree.completion(of: words)
        if case .other(let word) = completion.place {
            let configuration =
                completion.given["--config"] ?? context.environment["OCIMIRROR_CONFIG"]
                ?? CommonOptions().config
            completion.candidates += CompletionCandidates(configuration, in: context).candidates(
                for: word
            )
            .filter { $0.word.hasPrefix(completion.typed) }
            .map { Completion.Candidate(completion.lead + $0.word, $0.note) }
        }
        let lines = completion.candidates.map { candidate in
            candidate.note.isEmpty ? candidate.word : "\(candidate.word)\t\(candidate.note)"
        }
        let place =
            switch completion.place {
            case .file: ":files"
            case .folder: ":folders"
            case .nothing, .other: ":"
            }
        context.console.result((lines + [place]).map { "\($0)\n" }.joined())
        return .success
    }
}
