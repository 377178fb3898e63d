// SPDX-License-Identifier: Apache-2.0

/// Spelling suggestions.
public enum Suggestion {
    /// Returns the candidate closest to `word`, or `nil` if none is close enough.
    ///
    /// The maximum Damerau–Levenshtein distance (insertions, deletions, substitutions and swaps of
    /// adjacent characters) is a third of the word's length, and at least one. The first of several
    /// equally close candidates is returned, so the result depends only on the arguments.
    public static func nearest(to word: String, among known: some Sequence<String>) -> String? {
        guard !word.isEmpty else { return nil }
        let length = word.count
        let reach = max(1, length / 3)
        var best: (word: String, distance: Int)?
        // Candidates of a very different length are skipped: the word may be a megabyte long.
        for candidate in known where abs(candidate.count - length) <= reach {
            let distance = distance(from: word.lowercased(), to: candidate.lowercased())
            guard distance <= reach, distance < best?.distance ?? .max else { continue }
            best = (candidate, distance)
        }
        return best?.word
    }

    /// Returns the number of single edits between two words.
    public static func distance(from first: String, to second: String) -> Int {
        let a = Array(first)
        let b = Array(second)
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1] + [Int](repeating: 0, count: b.count)
            for j in b.indices {
                let substitution = last[j] + (a[i] == b[j] ? 0 : 1)
                row[j + 1] = min(last[j + 1] + 1, row[j] + 1, substitution)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1)
                }
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
