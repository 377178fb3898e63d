// SPDX-License-Identifier: Apache-2.0

import Testing
import Validation

@testable import Mirroring
@testable import ocimirror

@Suite struct `the result of a run` {
    private func text(_ volume: Console.Volume, _ run: SampleRun) -> String {
        var console = Console(environment: [:])
        console.volume = volume
        return run.report.text(for: console)
    }

    @Test func `lists unchanged images only if it is verbose`() throws {
        var run = SampleRun()
        try run.add(.unchanged, "same")
        try run.add(.mirrored, "new")
        #expect(!text(.normal, run).contains("same  unchanged"))
        #expect(text(.normal, run).hasPrefix("new  mirrored"))
        #expect(text(.normal, run).contains("1 unchanged, 1 mirrored"))
        #expect(text(.verbose, run).contains("same  unchanged"))
    }

    @Test func `is empty if nothing needs attention and the console is quiet`() throws {
        var run = SampleRun()
        try run.add(.unchanged, "same")
        try run.add(.mirrored, "new")
        #expect(text(.quiet, run).isEmpty)
        try run.add(.unchanged, "warned") {
            $0.findings = [Finding(.exceptionExpired, .warning, "the exception ends in 3 days")]
        }
        #expect(text(.quiet, run).contains("warned"))
        #expect(!text(.quiet, run).contains("new  mirrored"))
    }

    @Test func `states each image that needs attention once, after all others`() throws {
        var run = SampleRun()
        try run.add(.rejected, "bad") {
            $0.findings = [Finding(.platformMissing, .error, "missing linux/arm64")]
        }
        try run.add(.mirrored, "good")
        let text = text(.normal, run)
        let lines = text.split(separator: "\n").filter {
            $0.contains("bad") && !$0.contains("slowest")
        }
        #expect(lines.count == 1 && text.hasPrefix("good  mirrored"), "\(text)")
    }

    @Test func `does not count an image as slow because of the timeouts of its failure`() throws {
        var run = SampleRun()
        try run.add(.failed, "dead") { $0.duration = .seconds(30) }
        try run.add(.mirrored, "large") { $0.duration = .seconds(5) }
        let line = text(.normal, run).split(separator: "\n").first { $0.contains("slowest") }
        #expect(line?.contains("large") == true && line?.contains("dead") == false)
    }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (123_456, "123,456"), (-1_234_567, "-1,234,567"),
        (Int.min, "-9,223,372,036,854,775,808"),
    ])
    func `has thousands separators`(number: Int, text: String) {
        #expect(number.grouped == text)
    }

    @Test(arguments: [
        (1, "n1"), (3, "n1, n2, n3"), (4, "n1, n2, n3, n4"), (5, "n1, n2, n3 and 2 more"),
        (1003, "n1, n2, n3 and 1,000 more"),
    ])
    func `caps lists of names`(count: Int, text: String) {
        #expect(listed((1...count).map { "n\($0)" }, limit: 3) == text)
    }
}
