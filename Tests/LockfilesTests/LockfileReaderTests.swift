// SPDX-License-Identifier: Apache-2.0

import Lockfiles
import OCI
import Testing

@Suite struct LockfileReaderTests {
    @Test func `the lock file of the documentation is parsed`() throws {
        #expect(try Lockfile(parsing: Array(LockSample.text.utf8)) == LockSample.lock())
    }

    @Test func `unknown fields are ignored at every level`() throws {
        let text = LockSample.text
            .replacing("    schema: 1\n", with: "    schema: 1\n    later: {a: [1, 2]}\n")
            .replacing("        tag:", with: "        signed: true\n        tag:")
            .replacing("size: 2197}", with: "size: 2197, rank: 1}")
            .replacing("global:\n", with: "grafana: {x: y}\nglobal:\n  other: 1\n")
        #expect(try Lockfile(parsing: Array(text.utf8)) == LockSample.lock())
    }

    @Test func `an entry without referrers lists none`() throws {
        let text = String(
            LockSample.text.prefix(
                upTo: try #require(LockSample.text.firstRange(of: "        referrers:")?.lowerBound)
            ))
        let lock = try Lockfile(parsing: Array(text.utf8))
        #expect(lock.images["grafana"]?.referrers == [])
    }

    @Test func `a lock file of several thousand images is parsed`() throws {
        var lock = try LockSample.lock()
        let image = try LockSample.image()
        for number in 0..<3000 { lock.images["grafana-\(number)"] = image }
        #expect(try Lockfile(parsing: Array(lock.text.utf8)).images.count == 3001)
    }

    static let a = String(repeating: "a", count: 64)
    static let b = String(repeating: "b", count: 64)

    /// A change to the text, and the resulting error.
    static let problems: [(String, String, String)] = [
        // Missing.
        ("    schema: 1\n", "", "4:5: 'schema' is missing"),
        ("    inputs:", "    input:", "4:5: 'inputs' is missing"),
        ("    images:", "    pictures:", "4:5: 'images' is missing"),
        ("global:", "globe:", "2:1: 'global' is missing"),
        ("        source:", "        src:", "9:9: grafana: 'source' is missing"),
        ("        size: 1609\n", "", "9:9: grafana: 'size' is missing"),
        ("        platforms:", "        forms:", "9:9: grafana: 'platforms' is missing"),
        (", size: 2197}", "}", "22:24: grafana: linux/amd64: 'size' is missing"),
        ("        ref:", "        reference:", "9:9: grafana: 'ref' is missing"),
        // Terminal escapes and shell syntax.
        (
            "      grafana:", "      \"x\\e[2J\":",
            "8:7: invalid id 'x\\u{1b}[2J': use letters, digits and '-._/'"
        ),
        (
            "      grafana:", "      $(id):",
            "8:7: invalid id '$(id)': use letters, digits and '-._/'"
        ),
        (
            "source: docker.io/grafana/grafana:12.1.0", "source: \"docker.io/a:1\\e[2J\"",
            "9:17: grafana: 'source' has unprintable characters"
        ),
        // Wrong types.
        (
            "schema: 1", "schema: 2",
            "4:13: 'schema' is 2, but this version of ocimirror reads 1"
        ),
        ("schema: 1", "schema: one", "4:13: 'schema' must be a number from 0 to 2^53"),
        ("size: 1609", "size: -1", "19:15: grafana: 'size' must be a number from 0 to 2^53"),
        (
            "size: 1609", "size: 9007199254740993",
            "19:15: grafana: 'size' must be a number from 0 to 2^53"
        ),
        (
            "size: 1609", "size: 99999999999999999999",
            "19:15: grafana: 'size' must be a number from 0 to 2^53"
        ),
        (
            "        validation: config", "        validation: much",
            "20:21: grafana: 'validation' must be index, config, or content"
        ),
        ("registry: ghcr.io", "registry: []", "10:19: grafana: 'registry' must be text"),
        ("      grafana:", "      [a]:", "8:7: a key must be text"),
        ("global:", "global: x\nother:", "2:9: 'global' must be a mapping"),
        ("      grafana:\n", "      grafana:\n      loki:\n", "8:15: 'grafana' must be a mapping"),
        (
            "        validation: config\n", "        validation: config\n        requires: sh\n",
            "21:19: grafana: 'requires' must be a list of printable strings"
        ),
        (
            "        validation: config\n",
            "        validation: config\n        notChecked: linux/arm64\n",
            "21:21: grafana: 'notChecked' must be a list of platforms"
        ),
        (
            "        validation: config\n",
            "        validation: config\n        notChecked: [linux/arm64, linux/arm64]\n",
            "21:35: grafana: duplicate platform linux/arm64"
        ),
        (
            "        validation: config\n",
            "        validation: content\n        notChecked: [linux/arm64]\n",
            "21:21: grafana: 'notChecked' contradicts 'validation: content'"
        ),
        (
            "        validation: config\n",
            "        validation: config\n        referrersIncomplete: maybe\n",
            "21:30: grafana: 'referrersIncomplete' must be true or false"
        ),
        // Contradictions: the error is at the field that differs from most others.
        (
            "        digest: sha256:\(a)", "        digest: sha256:\(b)",
            "13:17: grafana: 'digest' is bbbbbbbbbbbb…, but 'sha' (line 14), 'ref' (line 15), "
                + "'pinned' (line 16), 'upstream' (line 17) are aaaaaaaaaaaa…"
        ),
        (
            "sha: \"\(a)\"", "sha: \"\(b)\"",
            "14:14: grafana: 'sha' is bbbbbbbbbbbb…, but 'digest' (line 13), 'ref' (line 15), "
                + "'pinned' (line 16), 'upstream' (line 17) are aaaaaaaaaaaa…"
        ),
        (
            "tag: \"12.1.0\"", "tag: \"12.1.1\"",
            "12:14: grafana: 'tag' is 12.1.1, but 'ref' (line 15) is 12.1.0"
        ),
        (
            "repository: ameideio/mirror/grafana", "repository: ameideio/mirror/loki",
            "11:21: grafana: 'repository' is ameideio/mirror/loki, but 'ref' (line 15), "
                + "'pinned' (line 16) are ameideio/mirror/grafana"
        ),
        (
            "registry: ghcr.io", "registry: quay.io",
            "10:19: grafana: 'registry' is quay.io, but 'ref' (line 15), 'pinned' (line 16) are "
                + "ghcr.io"
        ),
        ("        tag: \"12.1.0\"\n", "", "14:14: grafana: 'ref' needs a 'tag'"),
        (
            "upstream: docker.io/grafana/grafana@sha256:\(a)",
            "upstream: docker.io/grafana/grafana@sha256:\(b)",
            "17:19: grafana: 'upstream' is bbbbbbbbbbbb…, but 'digest' (line 13), "
                + "'sha' (line 14), 'ref' (line 15), 'pinned' (line 16) are aaaaaaaaaaaa…"
        ),
        // Duplicates.
        (
            "        size: 1609\n", "        size: 1609\n        size: 1610\n",
            "20:9: grafana: duplicate key 'size'"
        ),
        ("      grafana:\n", "      grafana: {}\n      grafana:\n", "9:7: duplicate key 'grafana'"),
        ("linux/arm64:", "linux/amd64:", "23:11: grafana: platforms: duplicate key 'linux/amd64'"),
        ("linux/amd64:", "linux/arm64/v8:", "23:11: grafana: duplicate platform linux/arm64"),
        (
            "- {digest: \"sha256:\(String(repeating: "2", count: 64))\", tag:",
            "- {digest: \"sha256:\(a)\", tag: \"\(LockSample.signatureTag)\"}\n"
                + "          - {digest: \"sha256:\(b)\", tag:",
            "27:13: grafana: duplicate referrer \(LockSample.signatureTag)"
        ),
        (
            "          - {digest: \"sha256:\(String(repeating: "2", count: 64))\", tag: \"\(LockSample.signatureTag)\"}",
            "          - {digest: \"sha256:\(String(repeating: "1", count: 64))\"}",
            "26:13: grafana: duplicate referrer sha256:111111111111"
        ),
        (
            "        referrers:\n", "        referrers: x\n        other:\n",
            "24:20: grafana: 'referrers' must be a list"
        ),
        // Other documents.
        (
            "# Generated", "--- 1\n---\n# Generated",
            "4:1: a lock file must be one YAML document, not 2"
        ),
    ]

    @Test(arguments: problems)
    func `an invalid lock file is rejected with the position`(
        _ part: String, _ change: String, _ problem: String
    ) {
        let text = LockSample.text.replacing(part, with: change, maxReplacements: 1)
        #expect(text != LockSample.text)
        do throws(LockfileError) {
            _ = try Lockfile(parsing: Array(text.utf8))
            Issue.record("it was read")
        } catch {
            #expect(error.description == problem)
        }
    }

    @Test func `hostile keys are shown encoded`() {
        let text = LockSample.text.replacing(
            "    schema: 1\n", with: "    schema: 1\n    \"\\e[2J\": 1\n    \"\\e[2J\": 2\n")
        #expect(throws: LockfileError.self) { try Lockfile(parsing: Array(text.utf8)) }
        do throws(LockfileError) {
            _ = try Lockfile(parsing: Array(text.utf8))
        } catch {
            #expect(error.description == #"6:5: duplicate key '\u{1b}[2J'"#)
        }
    }

    // MARK: Damaged files

    private func problem(of text: String) -> LockfileError? {
        do throws(LockfileError) {
            _ = try Lockfile(parsing: Array(text.utf8))
            return nil
        } catch {
            return error
        }
    }

    /// Conflict markers in Git's styles, and the remains of an incomplete resolution.
    @Test(
        arguments: [
            ("<<<<<<< HEAD\nS\n=======\nT\n>>>>>>> other\n", "lines 19, 21, 23"),
            ("<<<<<<< a\nS\n||||||| b\nS\n=======\nT\n>>>>>>> c\n", "lines 19, 21, 23, 25"),
            ("<<<<<<< HEAD\r\nS\n=======\r\nT\n>>>>>>> other\r\n", "lines 19, 21, 23"),
            ("S\n>>>>>>> other\n", "line 20"), ("S\n=======\n", "line 20"),
        ])
    func `conflict markers are reported with their lines`(conflict: String, lines: String) {
        let fields = conflict.replacing("S\n", with: "        size: 1609\n")
            .replacing("T\n", with: "        size: 1610\n")
        let error = problem(of: LockSample.text.replacing("        size: 1609\n", with: fields))
        #expect(error?.message == "unresolved merge conflict: conflict markers in \(lines)")
        #expect(error?.hint.contains("either version") == true)
        #expect(error?.hint.contains("ocimirror sync") == true)
    }

    @Test func `a truncated lock file is not parsed as a complete one`() {
        // Optional fields at the end can be missing from a complete lock file, too.
        let text = String(
            LockSample.text.prefix(
                upTo: LockSample.text.ranges(of: "        referrers:")[0].lowerBound))
        let lastLine = "          linux/arm64:"
        for count in 0..<text.count - 1 {
            let part = String(text.prefix(count))
            guard !(part + "\n").hasSuffix("\n\n") || part.isEmpty else { continue }
            guard let error = problem(of: part) else {
                // A flow mapping can be complete without the last line, so such a truncation is not
                // detected.
                #expect(!part.contains(lastLine) && part.contains("linux/amd64: {"))
                continue
            }
            #expect(
                error.message.contains("truncated") || error.message.contains("is empty"),
                "\(error)")
            #expect(error.hint.contains("delete it and run 'ocimirror sync'"))
        }
    }

    @Test func `an empty, a newer and an edited lock file have a hint`() {
        #expect(problem(of: "")?.description == "1:1: the lock file is empty")
        #expect(problem(of: " \r\n\n")?.description == "1:1: the lock file is empty")
        #expect(
            problem(of: "# only a comment\n")?.description
                == "1:1: a lock file must be one YAML document, not 0")
        let newer = problem(of: LockSample.text.replacing("schema: 1", with: "schema: 2"))
        #expect(newer?.hint.contains("newer") == true)
        let older = problem(of: LockSample.text.replacing("schema: 1", with: "schema: 0"))
        #expect(older?.hint.contains("delete it and run 'ocimirror sync'") == true)
        let edited = problem(of: LockSample.text.replacing("tag: \"12.1.0\"", with: "tag: x"))
        #expect(edited?.hint.contains("change mirror.yaml") == true)
    }

    @Test(arguments: ["\u{FEFF}", ""], ["\r\n", "\n"])
    func `a byte order mark and the line breaks of Windows change nothing`(
        start: String, lineBreak: String
    ) throws {
        let text = start + LockSample.text.replacing("\n", with: lineBreak)
        #expect(try Lockfile(parsing: Array(text.utf8)) == LockSample.lock())
    }
}
