// SPDX-License-Identifier: Apache-2.0

import Testing
import TextSafety

@Suite struct SuggestionTests {
    @Test(
        arguments: [
            ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("same", "same", 0),
            ("tag", "tags", 1), ("tags", "tag", 1), ("sync", "sunc", 1), ("sync", "snyc", 1),
            ("kitten", "sitting", 3), ("ab", "ba", 1), ("abc", "cab", 2), ("größe", "grosse", 3),
        ])
    func `the distance counts single edits`(first: String, second: String, edits: Int) {
        #expect(Suggestion.distance(from: first, to: second) == edits)
        #expect(Suggestion.distance(from: second, to: first) == edits)
    }

    @Test(
        arguments: [
            ("platfroms", "platforms"), ("Tags", "tags"), ("sorce", "source"), ("nam", "name"),
            ("concurency", "concurrency"), ("tag", "tags"),
            // No known word is similar enough.
            ("zzzzzz", nil), ("x", nil), ("", nil), ("plat", nil),
        ] as [(String, String?)])
    func `the most similar known word is suggested`(word: String, nearest: String?) {
        let known = ["platforms", "source", "name", "tags", "concurrency"]
        #expect(Suggestion.nearest(to: word, among: known) == nearest)
    }

    @Test func `the first of equally similar words is suggested`() {
        #expect(Suggestion.nearest(to: "bat", among: ["cat", "hat"]) == "cat")
        #expect(Suggestion.nearest(to: "bat", among: ["hat", "cat"]) == "hat")
        #expect(Suggestion.nearest(to: "bat", among: ["cat", "bat"]) == "bat")
        #expect(Suggestion.nearest(to: "bat", among: [String]()) == nil)
    }

    @Test func `a word of a megabyte is rejected without a comparison`() {
        let word = String(repeating: "x", count: 1 << 20)
        #expect(
            Suggestion.nearest(to: word, among: Array(repeating: "platforms", count: 99)) == nil)
    }
}
