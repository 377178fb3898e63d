// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import Testing

@Suite struct CompletionTests {
    @Test(
        arguments: [
            ([""], ["sync", "check", "lock", "help"]),
            (["s"], ["sync"]),
            (["lock", ""], ["merge"]),
            (["help", ""], ["sync", "check", "lock", "levels"]),
            (["help", "lock", ""], ["merge"]),
            (["help", "levels", ""], ["sync", "check", "lock", "levels"]),
            (["-"], ["--config", "--quiet", "--help", "--version"]),
            (["sync", "--pl"], ["--platform"]),
            (["sync", "--no-v"], ["--no-verify-tls"]),
            (["sync", "--validation", ""], ["index", "config", "content"]),
            (["sync", "--validation", "con"], ["config", "content"]),
            (["sync", "--validation=con"], ["--validation=config", "--validation=content"]),
            (["sync", "--", "--p"], []),
            (["--config", "lock", "s"], ["sync"]),
            (["sync", "--quiet=x", "--q"], ["--quiet"]),
            (["nonsense", "--q"], ["--quiet"]),
        ] as [([String], [String])])
    func `matching candidates are listed`(words: [String], candidates: [String]) {
        #expect(Program.tree.completion(of: words).candidates.map(\.word) == candidates)
    }

    @Test(
        arguments: [
            (["sync", ""], .other("ID")),
            (["sync", "one", "tw"], .other("ID")),
            (["sync", "--config", ""], .file),
            (["-c", "mir"], .file),
            (["sync", "--config=mi"], .file),
            (["sync", "--jobs", ""], .other("N")),
            (["lock", "merge", ""], .file),
            (["lock", "merge", "a", "b", ""], .file),
            (["check", "image", "level", ""], .nothing),
            (["sync", "--quiet", ""], .other("ID")),
            (["help", "sync", ""], .nothing),
            (["sync", "--quiet="], .nothing),
        ] as [([String], Completion.Place)])
    func `placeholders of other modules are returned`(words: [String], place: Completion.Place) {
        #expect(Program.tree.completion(of: words).place == place)
    }

    @Test func `values before the cursor are returned`() {
        let words = ["-c", "a.yaml", "sync", "--jobs=3", "x", ""]
        #expect(
            Program.tree.completion(of: words).given == ["--config": "a.yaml", "--jobs": "3"])
    }

    @Test func `a candidate has a description`() {
        let candidates = Program.tree.completion(of: ["sync", "--dry"]).candidates
        #expect(candidates == [Completion.Candidate("--dry-run", "change nothing")])
    }
}
