// SPDX-License-Identifier: Apache-2.0

import Mirroring
import OCI
import Testing

@Suite struct `Image entries of the configuration` {
    static let sources = [
        Problem("redis", "4:5", "has no tag or digest, and 'latest' is not assumed"),
        Problem("{source: redis}", "4:14", "has no tag or digest"),
        Problem("{source: 'oci:dir', name: x}", "4:14", "has no tag or digest"),
        Problem("Redis:7", "4:5", "source: "),
        Problem("{source: 'redis:7@sha256:ab'}", "4:14", "sha256 has 64 digits, not 2"),
        Problem("https://quay.io/x/y:1", "4:5", "is a URL"),
        Problem("{name: x}", "4:5", "missing key 'source'"),
        Problem("{source: [redis:7]}", "4:14", "source: expected a string, found a list"),
        Problem("7", "4:5", "images: expected a string, found number '7'; put it in quotes"),
        Problem("", "4:4", "images: expected a string, found nothing"),
        Problem("[redis:7]", "4:5", "found a list"),
        Problem("{source: 'oci:dir:1'}", "4:14", "a layout needs a 'name'"),
        Problem("{source: 'oci:', name: x}", "4:14", "directory missing after 'oci:'"),
        Problem("{source: redis:latest}", "4:14", "'latest' is a floating tag; use a"),
        Problem("bitnami/kubectl:Latest", "4:5", "is a floating tag"),
        Problem(
            "redis:main@sha256:\(String(repeating: "a", count: 64))", "4:5", "is a floating tag"),
    ]

    static let tags = [
        Problem("{source: redis:7, tags: [8]}", "4:29", "already has a tag"),
        Problem("{source: redis, tags: v1}", "4:27", "expected a list of tags, or a mapping"),
        Problem("{source: redis, tags: []}", "4:27", "the list of tags is empty"),
        Problem("{source: redis, tags: [a b]}", "4:28", "only letters, digits"),
        Problem("{source: redis, tags: [true]}", "4:28", "expected a string, found boolean"),
        Problem("{source: redis, tags: [7, edge]}", "4:31", "'edge' is a floating tag"),
        Problem("{source: redis, tags: [7, 7]}", "4:5", "duplicate tag '7'"),
        Problem("{source: redis, tags: {latest: 1}}", "4:27", "missing key 'semver' or 'regex'"),
        Problem("{source: redis, tags: {semver: 1, regex: a}}", "4:46", "mutually exclusive"),
        Problem("{source: redis, tags: {semver: 1, latest: 0}}", "4:47", "at least 1, found"),
        Problem("{source: redis, tags: {semver: '>=a'}}", "4:36", "invalid version 'a'"),
        Problem("{source: redis, tags: {regex: '('}}", "4:35", "invalid regular expression"),
        Problem(
            "{source: redis, tags: {regex: '(a)\\1'}}", "4:35",
            "': unsupported escape '\\1'"),
        Problem("{source: redis, tags: {semvar: 1}}", "4:28", "did you mean 'semver'?"),
    ]

    static let fields = [
        Problem("{source: redis:7, nmae: x}", "4:23", "image: unknown key 'nmae'; did you mean"),
        Problem("{source: redis, tag: '7'}", "4:21", "append it to the source"),
        Problem("{source: redis:7, digest: a}", "4:23", "append it to the source"),
        Problem("{source: redis, tgs: ['7']}", "4:21", "did you mean 'tags'?"),
        Problem("{source: redis, tags: {include: a}}", "4:28", "valid keys: semver, regex"),
        Problem("{source: redis:7, name: X}", "4:29", "letters must be in lower case"),
        Problem("{source: redis:7, name: /x}", "4:29", "it is not a name"),
        Problem("{source: redis:7, name: 7}", "4:29", "expected a string, found number '7'"),
        Problem("{source: redis:7, name: ''}", "4:29", "name: must not be empty"),
        Problem("{source: redis:7, name: }", "4:28", "expected a string, found nothing"),
        Problem("{source: redis:7, id: A}", "4:27", "id: expected at most 128 characters"),
        Problem("{source: redis, id: a, tags: [7, 8]}", "4:25", "not allowed with 'tags'"),
        Problem("{source: redis:7, floating: yes}", "4:33", "expected true or false"),
        Problem("{source: redis:7, requires: nc}", "4:33", "expected a list of paths"),
        Problem("{source: redis:7, requires: [bin/sh]}", "4:34", "neither a command nor a path"),
        Problem("{source: redis:7, validation: contents}", "4:35", "did you mean 'content'?"),
        Problem("{source: redis:7, copy: some}", "4:29", "expected all or required"),
        Problem("{source: redis:7, referrers: copi}", "4:34", "did you mean 'copy'?"),
        Problem("{source: redis:7, moved: rejected}", "4:30", "did you mean 'reject'?"),
        Problem("{source: redis:7, artifact: 1}", "4:33", "expected true or false, found number"),
        Problem(
            "{source: r:7, artifact: true, requires: [a]}", "4:45", "not supported for artifacts"),
    ]

    static let exceptions = [
        Problem("{reason: r}", "4:34", "missing key 'platforms'"),
        Problem("{platforms: [linux/amd64]}", "4:34", "missing key 'reason'"),
        Problem("{platforms: [linux], reason: r}", "4:47", "should look like linux/arm64"),
        Problem("{platforms: linux/amd64, reason: r}", "4:46", "use a list: platforms: […]"),
        Problem("{platforms: [js/wasm], reason: ''}", "4:65", "reason: must not be empty"),
        Problem(
            "{platforms: [js/wasm], reason: r, until: 2027-02-29}", "4:75", "a date in the form"),
        Problem("{platforms: [js/wasm], reason: r, untill: 2027-02-28}", "4:68", "mean 'until'?"),
        Problem("none", "4:34", "expected a mapping with the keys platforms, reason, until"),
    ]

    @Test(arguments: sources + tags + fields)
    func `an invalid entry is reported once, with its location`(_ problem: Problem) {
        let problems = ConfigurationFixture.problems(
            of: ConfigurationFixture.image(problem.part))
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("\(problem.location): ") == true, "\(problems)")
        #expect(problems.first?.contains(problem.message) == true, "\(problems)")
    }

    @Test(arguments: exceptions)
    func `an invalid exception is reported once, with its location`(_ problem: Problem) {
        let entry = "{source: redis:7, exception: \(problem.part)}"
        let problems = ConfigurationFixture.problems(of: ConfigurationFixture.image(entry))
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("\(problem.location): ") == true, "\(problems)")
        #expect(problems.first?.contains(problem.message) == true, "\(problems)")
    }

    @Test func `every key of an entry is read`() throws {
        let entry = try load(
            """
            {source: quay.io/a/b, name: team/b, id: b, tags: {semver: '>=1.2 <2', latest: 1},
             floating: true, requires: [/bin/sh, nc], validation: index, copy: required,
             referrers: none, moved: reject,
             exception: {platforms: [linux/amd64], reason: why, until: 2027-01-31}}
            """)
        #expect(entry.source == .repository(try Repository(parsing: "quay.io/a/b")))
        let range = try VersionRange(parsing: ">=1.2 <2")
        #expect(entry.selection == .pattern(TagPattern(versions: range, latest: 1)))
        #expect(entry.name == "team/b")
        #expect(entry.id == "b")
        #expect(entry.floating)
        #expect(entry.requires == ["/bin/sh", "nc"])
        #expect(entry.validation == .index)
        #expect(entry.copy == .required)
        #expect(entry.referrers == .none)
        #expect(entry.moved == .reject)
        #expect(
            entry.exception
                == PlatformException(
                    platforms: [.linuxAMD64], reason: "why",
                    until: CalendarDay(year: 2027, month: 1, day: 31)))
        #expect(entry.location == ConfigurationLocation(line: 4, column: 5))
    }

    @Test func `a missing key has the value of the top level or the default`() throws {
        let yaml =
            ConfigurationFixture.image("redis:7")
            + "validation: config\ncopy: required\nreferrers: none\nnaming: path\n"
        let entry = try #require(try ConfigurationFixture.load(yaml).configuration.images.first)
        #expect(entry.validation == .config)
        #expect(entry.copy == .required)
        #expect(entry.referrers == .none)
        #expect(entry.moved == .warn)
        #expect(!entry.floating)
        #expect(!entry.isArtifact)
        #expect(entry.requires.isEmpty)
        #expect(entry.exception == nil)
    }

    @Test func `a tag keeps the spelling of the file, also if it looks like a number`() throws {
        let entry = try load("{source: redis, tags: [1.10, 007, 26e2, '8']}")
        guard case .list(let tags) = entry.selection else {
            Issue.record("the tags are not a list")
            return
        }
        #expect(tags.map(\.name) == ["1.10", "007", "26e2", "8"])
    }

    @Test(
        arguments: [
            ("oci:dir:1.2", "/srv/repo/dir", "dir", "1.2", nil),
            ("oci:./a:b/dir:1", "/srv/repo/a:b/dir", "./a:b/dir", "1", nil),
            ("oci:/abs/d@r@sha256:\(hex)", "/abs/d@r", "/abs/d@r", nil, "sha256:\(hex)"),
        ] as [(String, String, String, String?, String?)])
    func `a layout source is a directory with a tag or a digest`(
        _ source: String, _ directory: String, _ written: String, _ tag: String?, _ digest: String?
    ) throws {
        let entry = try load("{source: '\(source)', name: x}")
        #expect(entry.source == .layout(directory: directory, written: written))
        guard case .one(let foundTag, let foundDigest) = entry.selection else {
            Issue.record("it is not one image")
            return
        }
        #expect(foundTag?.name == tag)
        #expect(foundDigest?.description == digest)
    }

    private static let hex = String(repeating: "0f", count: 32)

    private func load(_ entry: String) throws -> ImageEntry {
        let yaml = ConfigurationFixture.image(entry)
        return try #require(try ConfigurationFixture.load(yaml).configuration.images.first)
    }
}
