// SPDX-License-Identifier: Apache-2.0

/// The words of a simple command, split as a shell splits them.
///
/// Redirections, pipes and comments end the command.
func shellWords(_ line: some StringProtocol) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in line {
        if let open = quote {
            if character == open { quote = nil } else { word?.append(character) }
            continue
        }
        switch character {
        case "'", "\"":
            quote = character
            word = word ?? ""
        case " ":
            if let done = word.take() { words.append(done) }
        case ">" where word == nil, "|" where word == nil, "#" where word == nil: return words
        default: word = (word ?? "") + String(character)
        }
    }
    if let word { words.append(word) }
    return words
}
