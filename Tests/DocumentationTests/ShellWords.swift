// SPDX-License-Identifier: Apache-2.0

/// The words of a simple command, as a shell would hand them over.
///
/// What follows a redirection, a pipe or a comment is left out.
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
