// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import OCI
import StrictJSON
import Testing
import Validation

@testable import Mirroring
@testable import ocimirror

/// The report for a CI job summary.
@Suite struct MarkdownReportTests {
    @Test func `begins with images that need attention, and collapses unchanged ones`() throws {
        var run = SampleRun()
        try run.add(.unchanged, "redis")
        try run.add(.rejected, "liar") {
            $0.findings = [Finding(.configMismatch, .error, platform: .linuxARM64, "not arm64")]
        }
        try run.add(.mirrored, "grafana") { $0.facts = SampleRun.facts() }
        let text = MarkdownReport(run.report).text
        #expect(text.hasPrefix("# Mirror: 1 unchanged, 1 mirrored, 1 rejected\n"))
        #expect(text.contains("| `liar` | **rejected** | `config-mismatch` `not arm64` |"))
        let problem = try #require(text.firstRange(of: "## Needs attention (1)"))
        let changed = try #require(text.firstRange(of: "## Changed (1)"))
        let unchanged = try #require(
            text.firstRange(of: "<details><summary><b>Unchanged (1)</b></summary>"))
        #expect(problem.lowerBound < changed.lowerBound)
        #expect(changed.lowerBound < unchanged.lowerBound)
    }

    @Test(arguments: SampleRun.hostileTexts)
    func `D04 untrusted text has no effect in Markdown`(text: String) throws {
        let page = MarkdownReport(try SampleRun.hostile(text).report).text
        let plain = page.withoutMarkdownCode
        for sign in ["@", "#1", "<img", "<script", "<style", "](", "javascript", "`", "\u{1B}"] {
            #expect(!plain.hasScalars(of: sign), "\(sign) in \(plain)")
        }
        #expect(plain.count(of: "<details>") == plain.count(of: "</details>"))
        var columns = 0
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("|") else {
                columns = 0
                continue
            }
            let cells = Self.cells(of: line)
            if columns > 0 { #expect(cells == columns, "\(line)") }
            columns = cells
        }
    }

    @Test func `does not exceed the limit of a job summary`() throws {
        var run = SampleRun()
        let long = String(repeating: "word ", count: 100)
        for number in 0..<4000 {
            try run.add(.rejected, "image-\(number)") {
                $0.findings = [
                    Finding(.configMismatch, .error, long), Finding(.tagMoved, .warning, long),
                ]
            }
            try run.add(.mirrored, "other-\(number)") { $0.facts = SampleRun.facts() }
            try run.add(.unchanged, "same-\(number)")
        }
        let text = MarkdownReport(run.report).text
        #expect(text.utf8.count < 1 << 20)
        #expect(text.count(of: "<details>") == text.count(of: "</details>"))
        for title in ["Needs attention (4000)", "Changed (4000)", "Unchanged (4000)"] {
            #expect(text.contains(title))
        }
        #expect(text.contains(" more; see the JSON report."))
    }

    @Test func `marks a likely finding, as text and HTML do`() throws {
        let finding = Finding(likely: .contentMismatch, platform: .linuxARM64, "maybe")
        var run = SampleRun()
        try run.add(.mirrored, "app") { $0.findings = [finding] }
        #expect(
            MarkdownReport(run.report).text.contains(
                "| `app` | `content-mismatch (likely)` | `maybe` |"))
        #expect(HTMLReport(run.report).text.contains("content-mismatch (likely)"))
        #expect(
            finding.detail(TextStyle(hasColor: false)).text
                == "warning: content-mismatch (likely): maybe")
        #expect(finding.json["certainty"] == "likely")
    }

    @Test func `of a run without images contains the reason`() {
        #expect(
            MarkdownReport(SampleRun().report).text.hasPrefix("# Mirror: no images configured\n"))
        #expect(
            MarkdownReport(SampleRun(interrupted: .signal(.interrupt)).report).text
                .hasPrefix("# Mirror: interrupted before the first image\n"))
    }

    /// Returns the number of cells that GitHub renders in a row of a table.
    private static func cells(of line: Substring) -> Int {
        var bars = 0
        var isEscaped = false
        for scalar in line.unicodeScalars {
            if scalar == "|", !isEscaped { bars += 1 }
            isEscaped = scalar == "\\" && !isEscaped
        }
        return bars - 1
    }
}

extension String {
    /// Returns the number of occurrences of a text.
    func count(of text: String) -> Int { ranges(of: text).count }

    /// Returns a Boolean value that indicates whether the scalars of a text occur, also before an
    /// accent.
    func hasScalars(of text: String) -> Bool { unicodeScalars.contains(text.unicodeScalars) }

    /// The Markdown text without code spans and elements.
    var withoutMarkdownCode: String {
        let element = /<code>[A-Za-z0-9 &#;\u{80}-\u{10FFFF}]*<\/code>/
        return replacing(element.matchingSemantics(.unicodeScalar), with: "")
            .replacing(/`[^`\n]*`/.matchingSemantics(.unicodeScalar), with: "")
    }
}
