// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import Content
import OCI
import RegistryTestSupport
import Testing
import Validation
import TextSafety

@testable import Mirroring
@testable import ocimirror

/// The HTML report.
@Suite struct HTMLReportTests {
    @Test(arguments: SampleRun.hostileTexts)
    func `D04 untrusted text is never markup`(text: String) throws {
        let page = try Page(HTMLReport(try SampleRun.hostile(text).report).text)
        let known: Set = [
            "html", "head", "meta", "title", "style", "body", "header", "p", "h1", "time", "svg",
            "rect", "dl", "div", "dt", "dd", "b", "span", "main", "input", "button", "output",
            "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "small", "code", "i",
            "section", "h2", "ol", "ul", "li", "a", "footer", "script",
        ]
        #expect(Set(page.elements.map(\.name)).subtracting(known) == [])
        let attributes: Set = [
            "lang", "charset", "http-equiv", "content", "name", "class", "datetime", "viewBox",
            "preserveAspectRatio", "role", "aria-label", "aria-pressed", "aria-hidden", "x", "y",
            "width", "height", "id", "hidden", "type", "placeholder", "scope", "title", "colspan",
            "data-group", "data-groups", "data-key", "data-id", "data-status", "data-size",
            "data-age", "data-duration", "data-label", "href",
        ]
        #expect(Set(page.elements.flatMap(\.attributes.keys)).subtracting(attributes) == [])
        let links = page.elements.compactMap { $0.attributes["href"] }
        let findings = Set(Finding.ID.allCases.map { "#finding-\($0.rawValue)" })
        #expect(Set(links).subtracting(findings) == [], "the page links only to itself")
        let targets = Set(page.elements.compactMap { $0.attributes["id"].map { "#\($0)" } })
        #expect(Set(links).subtracting(targets) == [])
        #expect(page.elements.count { $0.name == "script" } == 1)
        #expect(page.elements.count { $0.name == "style" } == 1)
        let shown = UntrustedText(UntrustedText(text).display).display
        let expected = shown.split(separator: " ").joined(separator: " ")
        #expect(page.text.contains(expected), "\(expected)")
    }

    @Test func `is self-contained and permits its style and script by hash`() async throws {
        var run = SampleRun()
        try run.add(.mirrored, "app") { $0.facts = SampleRun.facts() }
        let text = HTMLReport(run.report).text
        let page = try Page(text)
        let policy = try #require(
            page.elements.first { $0.attributes["http-equiv"] == "Content-Security-Policy" }?
                .attributes["content"])
        #expect(policy.hasPrefix("default-src &#39;none&#39;; "))
        let workspace = try Workspace()
        for (name, code) in [("style", HTMLReport.style), ("script", HTMLReport.script)] {
            #expect(text.contains("<\(name)>\(code)</\(name)>"))
            try workspace.folder.write(code, to: name)
            let hash = try await workspace.shell("openssl dgst -sha256 -binary \(name) | base64")
            #expect(policy.contains("\(name)-src &#39;sha256-\(hash.dropLast())&#39;"))
        }
        for outside in ["url(", "@import", "src=", "//", "fetch(", "eval("] {
            #expect(!text.contains(outside), "\(outside)")
        }
    }

    @Test func `is complete without scripts, with images that need attention first`() throws {
        var run = SampleRun()
        try run.add(.unchanged, "same")
        try run.add(.mirrored, "new")
        try run.add(.failed, "broken") {
            $0.failure = ImageFailure(
                .unavailable, role: .source, "source oci:images: no index.json")
        }
        run.unfinished = [try SampleRun.image("late")]
        let page = try Page(HTMLReport(run.report).text)
        let rows = page.elements.filter { $0.attributes["data-groups"] != nil }
        #expect(rows.map { $0.attributes["data-id"] } == ["broken", "late", "new", "same"])
        #expect(rows.allSatisfy { $0.attributes["hidden"] == nil })
        #expect(page.text.contains("1 of 4 images needs attention"))
        #expect(page.text.contains("source oci:images: no index.json"))
        #expect(!page.text.contains("source source"))
        #expect(!page.text.contains("0 mounted"))
    }

    @Test func `explains the marks in its platform columns`() throws {
        var run = SampleRun()
        try run.add(.mirrored, "app") { $0.facts = SampleRun.facts() }
        let page = HTMLReport(run.report).text
        let legend = page.ranges(of: "aria-label=\"Platform marks\">").first.map {
            page[$0.upperBound...].prefix(200)
        }
        let text = try #require(legend)
        #expect(text.contains("<i>✓</i></span> valid</li>"), "\(text)")
        #expect(!text.contains("invalid or missing"), "only the marks that are used")
    }

    @Test func `of an interrupted run contains the reason and the unfinished images`() throws {
        var run = SampleRun(interrupted: .timeLimit(.seconds(3600)))
        try run.add(.mirrored, "new")
        run.unfinished = [try SampleRun.image("late")]
        let page = try Page(HTMLReport(run.report).text)
        #expect(
            page.text.contains(
                "No problems found, stopped by --max-duration 1h with 1 image unfinished"))
        #expect(page.text.contains("unfinished"))
    }

    @Test(
        arguments: [
            (["app"], nil, "The image is up to date; images.lock.yaml could not be written"),
            ([], nil, "no images configured; images.lock.yaml could not be written"),
            (
                ["app"], .timeLimit(.seconds(3600)),
                "No problems found, stopped by --max-duration 1h with 1 image unfinished; "
                    + "images.lock.yaml could not be written"
            ),
        ] as [([String], Interruption.Cause?, String)])
    func `of a run that could not write its lock file is an error`(
        images: [String], interrupted: Interruption.Cause?, verdict: String
    ) throws {
        var run = SampleRun(interrupted: interrupted)
        for image in images { try run.add(.mirrored, image) }
        if interrupted != nil { run.unfinished = [try SampleRun.image("late")] }
        run.locks = [try SampleRun.unwrittenLock()]
        #expect(run.report.exitCode != .success)
        let page = HTMLReport(run.report).text
        let heading = try #require(try Page(page).elements.first { $0.name == "h1" })
        #expect(heading.attributes["class"] == "bad")
        #expect(page.contains(">\(verdict)</h1>"))
    }

    @Test func `of a successful run is green`() throws {
        var run = SampleRun()
        try run.add(.mirrored, "app")
        let page = try Page(HTMLReport(run.report).text)
        #expect(page.elements.first { $0.name == "h1" }?.attributes["class"] == "good")
    }

    @Test(arguments: [
        ([Finding](), true, "✓"),
        ([Finding(.configMismatch, .error, platform: .linuxARM64, "x")], true, "✗ config-mismatch"),
        ([Finding(.notChecked, .warning, platform: .linuxARM64, "x")], true, "? not checked"),
        ([Finding(.configMismatch, .error, platform: .linuxAMD64, "x")], true, "·"),
        ([], false, "? unknown"),
    ])
    func `the cell of a platform contains its finding`(
        findings: [Finding], isKnown: Bool, cell: String
    ) throws {
        var run = SampleRun()
        let isBad = findings.contains { $0.severity == .error }
        try run.add(isBad ? .rejected : .unchanged, "app") { outcome in
            outcome.findings = findings
            if isKnown { outcome.facts = SampleRun.facts() }
        }
        let html = HTMLMatrix(run.report).html.description
        let cells = html.matches(of: /data-label="linux\/arm64"><span[^>]*><i>(.*?)<\/i> (.*?)</)
        let words = cells.map { "\($0.output.1) \($0.output.2)" }
        #expect(words.count == 1)
        #expect(words[0].hasPrefix(cell))
    }

    @Test func `a platform with an exception is not an error`() throws {
        var run = SampleRun()
        try run.add(
            .unchanged, "app",
            exception: PlatformException(platforms: [.linuxAMD64], reason: "amd64 only")
        ) { outcome in
            outcome.facts = ImageFacts(platforms: [SampleRun.facts().platforms[0]])
        }
        let page = try Page(HTMLReport(run.report).text)
        #expect(page.text.contains("– exception"))
        #expect(page.text.contains("only linux/amd64 (no end date): amd64 only"))
    }

    @Test func `shows the previous digest of a moved tag`() throws {
        var run = SampleRun()
        var resolved = ResolvedImage(image: try SampleRun.image("app"))
        resolved.descriptor = SampleRun.descriptor(0xbeef)
        resolved.targets = [
            ImageTarget(
                location: try SampleRun.target("app"), current: SampleRun.descriptor(0xdead),
                state: .upToDate)
        ]
        run.outcomes = [ImageOutcome(resolved, SampleRun.required)]
        let page = try Page(HTMLReport(run.report).text)
        #expect(page.text.contains("dead00000000 → beef00000000"))
        #expect(page.elements.contains { $0.attributes["data-groups"]?.contains("moved") == true })
    }

    @Test func `of five hundred images is smaller than 1 MiB`() throws {
        var run = SampleRun()
        for number in 0..<500 {
            try run.add(.unchanged, "image-\(number)") { $0.facts = SampleRun.facts() }
        }
        #expect(HTMLReport(run.report).text.utf8.count < 1 << 20)
    }

    @Test(arguments: [
        (0, "0 ms"), (99, "99 ms"), (100, "0.1 s"), (9_990, "9.9 s"), (10_000, "10 s"),
        (59_999, "59 s"), (65_000, "1 min 05 s"), (7_800_000, "2 h 10 min"),
    ])
    func `durations are formatted in readable units`(milliseconds: Int, words: String) {
        #expect(Elapsed(duration: .milliseconds(milliseconds)).description == words)
    }

    @Test(arguments: [
        (-1, "from the future"), (0, "today"), (1, "1 day"), (59, "59 days"), (60, "2 months"),
        (729, "24 months"), (730, "2 years"),
    ])
    func `ages are formatted in readable units`(days: Int, words: String) {
        let today = CalendarDay(daysSinceEpoch: 20_000)
        #expect(
            Age(of: CalendarDay(daysSinceEpoch: 20_000 - days), on: today).description == words)
    }

    @Test(arguments: [
        ("2026-06-20T10:00:00Z", "2026-06-20"), ("1970-01-01T00:00:00Z", nil),
        ("0001-01-01T00:00:00Z", nil), ("1980-01-01T00:00:01Z", nil), ("yesterday", nil), ("", nil),
    ])
    func `placeholder dates of reproducible builds are ignored`(text: String, day: String?) {
        let expected = day.flatMap { CalendarDay(parsing: $0) }
        #expect(SampleRun.facts(created: text).platforms[0].day == expected)
    }
}
