// SPDX-License-Identifier: Apache-2.0

import Lockfiles
import OCI
import Testing

@Suite struct LockfileReaderTests {
    @Test func `the lock of the documentation is read`() throws {
        #expect(try Lockfile(parsing: Array(LockSample.text.utf8)) == LockSample.lock())
    }

    @Test func `fields that are not known are ignored, wherever they stand`() throws {
        let text = LockSample.text
            .replacing("    schema: 1\n", with: "    schema: 1\n    later: {a: [1, 2]}\n")
            .replacing("        tag:", with: "        signed: true\n        tag:")
            .replacing("size: 2197}", with: "size: 2197, rank: 1}")
            .replacing("global:\n", with: "grafana: {x: y}\nglobal:\n  other: 1\n")
        #expect(try Lockfile(parsing: Array(text.utf8)) == LockSample.lock())
    }

    @Test func `a lock of several thousand images is read`() throws {
        var lock = try LockSample.lock()
        let image = try LockSample.image()
        for number in 0..<3000 { lock.images["grafana-\(number)"] = image }
        #expect(try Lockfile(parsing: Array(lock.text.utf8)).images.count == 3001)
    }

    static let a = String(repeating: "a", count: 64)
    static let b = String(repeating: "b", count: 64)

    /// A change of the text, and the problem that it makes.
    static let problems: [(String, String, String)] = [
        // Missing.
        ("    schema: 1\n", "", "4:5: 'schema' is missing; run sync to write it anew"),
        ("    inputs:", "    input:", "4:5: 'inputs' is missing; run sync to write it anew"),
        ("    images:", "    pictures:", "4:5: 'images' is missing; run sync to write it anew"),
        ("global:", "globe:", "2:1: 'global' is missing; run sync to write it anew"),
        ("        source:", "        src:", "9:9: 'source' is missing; run sync to write it anew"),
        ("        size: 1609\n", "", "9:9: 'size' is missing; run sync to write it anew"),
        (
            "        platforms:", "        forms:",
            "9:9: 'platforms' is missing; run sync to write it anew"
        ),
        (", size: 2197}", "}", "22:24: 'size' is missing; run sync to write it anew"),
        (
            "        ref:", "        reference:",
            "9:9: 'ref' is missing; run sync to write it anew"
        ),
        // What would act on a terminal, or in a shell.
        (
            "      grafana:", "      \"x\\e[2J\":",
            "8:7: 'x\\u{1b}[2J' cannot be an id: letters, digits and '-._/' only"
        ),
        (
            "      grafana:", "      $(id):",
            "8:7: '$(id)' cannot be an id: letters, digits and '-._/' only"
        ),
        (
            "source: docker.io/grafana/grafana:12.1.0", "source: \"docker.io/a:1\\e[2J\"",
            "9:17: 'source' holds characters that cannot be shown; run sync anew"
        ),
        // Of another kind.
        ("schema: 1", "schema: 2", "4:13: schema 2 is not the 1 that this version reads"),
        ("schema: 1", "schema: one", "4:13: 'schema' must be a number from 0 to 2^53"),
        ("size: 1609", "size: -1", "19:15: 'size' must be a number from 0 to 2^53"),
        (
            "size: 1609", "size: 9007199254740993",
            "19:15: 'size' must be a number from 0 to 2^53"
        ),
        (
            "size: 1609", "size: 99999999999999999999",
            "19:15: 'size' must be a number from 0 to 2^53"
        ),
        (
            "        validation: config", "        validation: much",
            "20:21: 'validation' is none of index, config and content"
        ),
        ("registry: ghcr.io", "registry: []", "10:19: 'registry' must be text"),
        ("      grafana:", "      [a]:", "8:7: a key must be text"),
        ("global:", "global: x\nother:", "2:9: a mapping belongs here"),
        (
            "        validation: config\n", "        validation: config\n        requires: sh\n",
            "21:19: 'requires' must be a list of texts that can be shown"
        ),
        // Contradictions.
        (
            "sha: \"\(a)\"", "sha: \"\(b)\"",
            "14:14: 'sha' contradicts the fields that it is made of; run sync anew"
        ),
        (
            "tag: \"12.1.0\"", "tag: \"12.1.1\"",
            "15:14: 'ref' contradicts the fields that it is made of; run sync anew"
        ),
        (
            "repository: ameideio/mirror/grafana", "repository: ameideio/mirror/loki",
            "16:17: 'pinned' contradicts the fields that it is made of; run sync anew"
        ),
        ("        tag: \"12.1.0\"\n", "", "14:14: 'ref' needs a 'tag'; run sync anew"),
        (
            "upstream: docker.io/grafana/grafana@sha256:\(a)",
            "upstream: docker.io/grafana/grafana@sha256:\(b)",
            "17:19: 'upstream' names another digest; run sync anew"
        ),
        // Twice.
        (
            "        size: 1609\n", "        size: 1609\n        size: 1610\n",
            "20:9: 'size' stands twice"
        ),
        ("      grafana:\n", "      grafana: {}\n      grafana:\n", "9:7: 'grafana' stands twice"),
        ("linux/arm64:", "linux/amd64:", "23:11: 'linux/amd64' stands twice"),
        ("linux/amd64:", "linux/arm64/v8:", "23:11: the platform linux/arm64 stands twice"),
        // No lock.
        (
            "# Generated", "--- 1\n---\n# Generated",
            "1:1: a lock is one YAML document; regenerate it"
        ),
    ]

    @Test(arguments: problems)
    func `a lock that cannot be meant is refused at its place`(
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
            #expect(error.description == #"6:5: '\u{1b}[2J' stands twice"#)
        }
    }
}
