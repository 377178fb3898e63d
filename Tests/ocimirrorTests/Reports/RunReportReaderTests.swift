// SPDX-License-Identifier: Apache-2.0

import OCI
import StrictJSON
import Testing
import TextSafety

@testable import Mirroring
@testable import ocimirror

/// A run report is read with the same content as written.
@Suite struct RecordedRunTests {
    @Test(arguments: SampleRun.hostileTexts)
    func `D05 a written report is read unchanged, whatever text it contains`(text: String) throws {
        let report = try SampleRun.hostile(text).report
        let recorded = try RunReportReader(parsing: Array(report.json.text.utf8))
        #expect(Set(recorded.images.keys) == ["rejected", "failed"])
        let image = try #require(recorded.images["rejected"])
        let written = try #require(report.sync.outcomes.first)
        #expect(image.digest == written.descriptor?.digest)
        #expect(image.facts.downloadSize == written.facts.downloadSize)
        #expect(image.facts.platforms.map(\.digest) == written.facts.platforms.map(\.digest))
        let shown = UntrustedText(text).display
        for label in ImageFacts.Label.allCases {
            #expect(image.facts.labels[label]?.raw == shown)
        }
        #expect(image.findings.map { $0.message.raw } == [shown, shown, shown])
        #expect(recorded.facts.count == 1)
    }

    @Test func `a second report carries over the facts of the first one unchanged`() throws {
        var run = SampleRun()
        try run.add(.mirrored, "app") { $0.facts = SampleRun.facts(labels: [.version: "1\n.0"]) }
        let first = run.report
        let known = try RunReportReader(parsing: Array(first.json.text.utf8)).facts
        run.outcomes[0].status = .unchanged
        run.outcomes[0].facts = ImageFacts(platforms: [])
        var second = run.report
        second.sync = second.sync.addingFacts(from: known)
        for key in ["downloadSize", "platforms", "labels"] {
            #expect(
                second.json["images"]?.elements.first?[key]
                    == first.json["images"]?.elements.first?[key])
        }
    }
}
