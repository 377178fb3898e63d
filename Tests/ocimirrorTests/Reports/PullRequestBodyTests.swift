// SPDX-License-Identifier: Apache-2.0

import Files
import Lockfiles
import OCI
import Pinning
import RegistryTestSupport
import StrictJSON
import Testing
import Validation
import TextSafety

@testable import Mirroring
@testable import ocimirror

/// The body of a pull request with facts from the run report.
@Suite(.timeLimit(.minutes(10))) struct PullRequestBodyTests {
    private static let fixtures = "\(Workspace.project)/Tests/PinningTests/Fixtures"

    /// Returns the body for one file with both images, of which `api` is in the run.
    private static func body(_ run: SampleRun) throws -> String {
        let new = try lock("images"), old = try lock("older")
        let values =
            "image: \(try reference(old, "api"))\nimages: [\(try reference(old, "vault"))]\n"
        let file = Pinner(new).pin(Array(values.utf8), path: "values.yaml")
        let recorded = try RunReportReader(parsing: Array(run.report.json.text.utf8))
        return PullRequestBody(from: old, to: new, files: [file], run: recorded).text
    }

    private static func lock(_ name: String) throws -> Lockfile {
        try Lockfile(
            parsing: try BoundedFile.read("\(fixtures)/\(name).lock.yaml", limit: 1 << 20))
    }

    private static func reference(_ lock: Lockfile, _ id: String) throws -> Reference {
        let image = try #require(lock.images[id])
        return Reference(image.repository, tag: image.tag, digest: image.digest)
    }

    /// Returns a run that mirrored `api` at the locked digest.
    private static func run(
        labels: [ImageFacts.Label: String], _ findings: [Finding] = [],
        digest: Digest? = nil
    ) throws -> SampleRun {
        var run = SampleRun()
        let locked = try #require(try lock("images").images["api"]).digest
        try run.add(.mirrored, "api") {
            $0.facts = SampleRun.facts(labels: labels)
            $0.findings = findings
            $0.descriptor = Descriptor(mediaType: .ociIndex, digest: digest ?? locked, size: 1609)
        }
        return run
    }

    @Test func `sizes, labels and findings come from the run report`() throws {
        let body = try Self.body(
            try Self.run(
                labels: [
                    .revision: "c0ffee1", .source: "https://example.com/api",
                    .created: "2026-06-19T08:00:00Z",
                ], [Finding(.tagMoved, .warning, platform: .linuxAMD64, "it moved")]))
        #expect(body.contains("| image | from | to | change | size | revision | created |\n"))
        #expect(
            body.contains(
                " | 70 MB | `c0ffee1` of `https://example.com/api` | `2026-06-19T08:00:00Z` |\n"))
        // The other image is not in the run.
        #expect(body.contains(" | – | – | – |\n"))
        #expect(
            body.contains(
                "## Findings\n\n- `api`: `warning` `tag-moved` (`linux/amd64`): `it moved`\n"))
    }

    @Test func `a column without values is omitted`() throws {
        let bare = try Self.body(try Self.run(labels: [.revision: "c0ffee1"]))
        #expect(bare.contains("| image | from | to | change | size | revision |\n"))
        // The report of a run with another digest of the image is not used.
        let other = try Self.body(
            try Self.run(labels: [.revision: "c0ffee1"], digest: SampleRun.digest(7)))
        #expect(other.contains("| image | from | to | change |\n"))
        #expect(!other.contains("c0ffee1"))
    }

    @Test(arguments: SampleRun.hostileTexts)
    func `D01 D02 D04 a label has no effect in Markdown, on a terminal or in a log`(
        text: String
    ) throws {
        let body = try Self.body(
            try Self.run(
                labels: [.revision: text, .source: text, .created: text],
                [Finding(.tagMoved, .warning, UntrustedText(text).display)]))
        let lines = body.split(separator: "\n")
        for line in lines {
            #expect(["|", "-", "#"].contains(line.prefix(1)), "\(line)")
            #expect(!String(line).hasScalars(of: "##["), "\(line)")
        }
        // One row for each image, regardless of bars and line breaks in a label.
        let rows = lines.filter { $0.hasPrefix("|") }
        #expect(rows.count == 4)
        #expect(Set(rows.map { row in row.unicodeScalars.count { $0 == "|" } }).count == 1)
        #expect(body.unicodeScalars.allSatisfy { $0 == "\n" || $0.isSafeToShow })
        let plain = body.withoutMarkdownCode
        for sign in ["@", "#1", "<", "](", "javascript", "`", "https:"] {
            #expect(!plain.hasScalars(of: sign), "\(sign) in \(plain)")
        }
    }

    @Test func `D04 a body does not exceed the limit of code hosts`() throws {
        let long = String(repeating: "`|", count: 5000)
        let findings = (0..<200).map { _ in Finding(.tagMoved, .warning, long) }
        let body = try Self.body(try Self.run(labels: [.revision: long], findings))
        #expect(body.utf8.count < 61 << 10)
        #expect(body.contains(" more lines"))
    }

    @Test func `D03 the files of a GitHub workflow are not written`() async throws {
        var workspace = try Workspace()
        let names = ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"]
        for name in names {
            try workspace.folder.write("", to: name)
            workspace.environment[name] = workspace.folder(name)
        }
        try await workspace.shell("cp '\(Self.fixtures)/images.lock.yaml' . && mkdir env")
        let run = try Self.run(labels: [.revision: "EOF\nPATH=/tmp"])
        try workspace.folder.write(run.report.json.text, to: "run.json")
        try workspace.folder.write("image: ghcr.io/acme/mirror/api:1.4.2\n", to: "env/values.yaml")
        let pins = try await workspace.run(
            "pin", "--report", "pr.md", "--run", "run.json", "env")
        #expect(pins.status == 0, "\(pins.said)")
        #expect(workspace.folder.text("pr.md").contains("`EOF PATH=/tmp`"))
        for name in names { #expect(workspace.folder.text(name) == "") }
    }

    @Test(arguments: [
        ("", "run.json: "), ("{}", "run.json: command: expected 'sync' with schema 1"),
        (
            "{\"schema\": 1, \"command\": \"sync\", \"images\": [{\"id\": 1}]}",
            "run.json: images[0].id: "
        ),
    ])
    func `an invalid run report is rejected before any file is written`(
        _ text: String, _ message: String
    ) async throws {
        let workspace = try Workspace()
        try await workspace.shell("cp '\(Self.fixtures)/images.lock.yaml' . && mkdir env")
        try workspace.folder.write(text, to: "run.json")
        try workspace.folder.write("image: ghcr.io/acme/mirror/api:1.4.2\n", to: "env/values.yaml")
        let run = try await workspace.run("pin", "--report", "pr.md", "--run", "run.json", "env")
        #expect(run.status == 78)
        #expect(run.errors.contains(message), "\(run.errors)")
        #expect(run.errors.contains("create it with 'ocimirror sync --report run.json'"))
        #expect(
            workspace.folder.text("env/values.yaml") == "image: ghcr.io/acme/mirror/api:1.4.2\n")
        #expect(try await workspace.run("pin", "--run", "run.json", "env").status == 64)
    }
}
