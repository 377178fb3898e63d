// SPDX-License-Identifier: Apache-2.0

/// Case-insensitive comparisons with lower-case ASCII words.
///
/// Every key of a file is compared with several words. Comparing bytes is cheap; comparing
/// characters with Unicode case folding would dominate the time to find images.
extension String {
    /// Returns a Boolean value that indicates whether the text is the word.
    func isWord(_ word: String) -> Bool {
        utf8.count == word.utf8.count && ends(inWord: word)
    }

    /// Returns a Boolean value that indicates whether the text ends with the word.
    func ends(inWord word: String) -> Bool {
        let excess = utf8.count - word.utf8.count
        // The last letter distinguishes most texts.
        guard excess >= 0, utf8.last.map({ $0 | 0x20 }) == word.utf8.last else { return false }
        return Self.isSame(utf8.dropFirst(excess), word.utf8)
    }

    /// Returns a Boolean value that indicates whether the text contains the word.
    func contains(word: String) -> Bool {
        var rest = utf8[...]
        while rest.count >= word.utf8.count {
            if Self.isSame(rest, word.utf8) { return true }
            rest = rest.dropFirst()
        }
        return false
    }

    private static func isSame(_ text: Substring.UTF8View, _ word: String.UTF8View) -> Bool {
        zip(text, word).allSatisfy { ($0 | ((0x41...0x5A).contains($0) ? 0x20 : 0)) == $1 }
    }
}
