// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import RegistryTestSupport
import Testing
import Validation

@Suite(.timeLimit(.minutes(10))) struct CertaintyTests {
    @Test(arguments: [
        (Finding(.contentMismatch, .error, ""), "error certain"),
        (Finding(.platformTwice, .warning, ""), "warning certain"),
        (Finding(.notChecked, .warning, ""), "warning not-checked"),
        (Finding(likely: .contentMismatch, ""), "warning likely"),
    ])
    func `a finding states its certainty, and a likely one never rejects`(
        _ finding: Finding, _ expected: String
    ) {
        #expect("\(finding.severity.rawValue) \(finding.certainty.rawValue)" == expected)
    }

    @Test func `findings are sorted by severity and platform, whichever platform comes first`()
        async throws
    {
        let builder = ImageSample.builder
        let images = ImageSample.both.map { platform in
            builder.image(platform, layers: [], settings: .init(diffIDs: [.of([1])]))
        }
        var listed: [[String]] = []
        for images in [images, images.reversed()] {
            let index = builder.index(images.map { .image($0) })
            listed.append(try await ImageSample.findings(on: index))
        }
        #expect(
            listed[0] == ["error diffid-mismatch linux/amd64", "error diffid-mismatch linux/arm64"])
        #expect(listed[1] == listed[0])
    }
}
