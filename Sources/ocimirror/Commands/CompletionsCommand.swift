// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit

/// What a shell reads to complete this program's words.
struct CompletionsCommand: ConfiguredCommand {
    var options = CommonOptions()
    var shell = CompletionShell.bash

    static let name = "completions"
    static let summary = "Writes the completions of a shell: bash, zsh or fish."
    static let discussion = """
        They know the commands, their options and what may stand after them: files, the words of an \
        option, and the ids, images and registries of the mirror.yaml in the folder. The shell asks the \
        program each time, so they need no renewal with a new version. 'make install' installs them.
        """
    static let examples = [
        Example(
            "ocimirror completions bash > ~/.local/share/bash-completion/completions/ocimirror",
            "for one user of bash"),
        Example("ocimirror completions zsh > ~/.zfunc/_ocimirror", "in a folder of zsh's fpath"),
        Example(
            "ocimirror completions fish > ~/.config/fish/completions/ocimirror.fish", "for fish"),
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

/// Answers a shell that completes a command line; never fails, and says nothing but candidates.
struct CompleteCommand: ConfiguredCommand {
    var options = CommonOptions()
    var words: [String] = []

    static let name = "complete"
    static let summary = "Lists what may stand at the end of a command line."
    static let isHidden = true
    static let parameters: [Parameter<CompleteCommand>] =
        [.positional("WORD", into: \.words, help: "what is typed so far, the last word too")]
        + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        var completion = Program.tree.completion(of: words)
        if case .other(let word) = completion.place {
            let config =
                completion.given["--config"] ?? context.environment["OCIMIRROR_CONFIG"]
                ?? CommonOptions().config
            completion.candidates += CompletionCandidates(config, in: context).candidates(for: word)
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
