// SPDX-License-Identifier: Apache-2.0

/// The content of a command's reference page, independent of its format.
struct CommandPage {
    /// The path of the command, without the program's name.
    let path: [String]
    let summary: String
    /// The usage line.
    let usage: String
    let discussion: [String]
    /// The parameters of the command, without the global options.
    let own: [ParameterDefinition]
    let examples: [Example]
}

extension CommandTree {
    /// The page of each command that is not hidden, in the order of the help.
    var pages: [CommandPage] {
        visibleLeaves.map { page($0.type, at: $0.path) }
    }

    func page(_ type: any Command<Context>.Type, at path: [String]) -> CommandPage {
        let names = Set(globals.map(\.name))
        return CommandPage(
            path: path, summary: type.summary, usage: usage(for: path, label: ""),
            discussion: type.discussion.paragraphs,
            own: type.definitions.filter { !names.contains($0.name) },
            examples: type.examples)
    }

    /// The commands that help lists.
    var visibleLeaves: [(path: [String], type: any Command<Context>.Type)] {
        leaves.filter { !$0.type.isHidden }
    }
}

extension String {
    /// The paragraphs, each on one line.
    var paragraphs: [String] {
        var paragraphs: [[Substring]] = [[]]
        for line in split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty {
                paragraphs.append([])
            } else {
                paragraphs[paragraphs.count - 1].append(line)
            }
        }
        return paragraphs.map { $0.joined(separator: " ") }.filter { !$0.isEmpty }
    }
}
