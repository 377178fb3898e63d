// SPDX-License-Identifier: Apache-2.0

import OCI
import Testing

@testable import Mirroring

@Suite struct `Suggestions for a missing tag` {
    struct Case: CustomTestStringConvertible {
        let wanted: String
        let existing: [String]
        let nearest: [String]
        let newest: String?

        var testDescription: String { wanted }
    }

    @Test(arguments: [
        // Version numbers decide, then the spelling, then the greater version.
        Case(
            wanted: "v1.3.0", existing: ["v1.2.3", "v1.2.4", "v1.3.0-rc1", "latest"],
            nearest: ["v1.3.0-rc1", "v1.2.4", "v1.2.3"], newest: "v1.2.4"),
        Case(
            wanted: "1.2.31", existing: ["1.20.3", "1.2.30", "2.0.0"],
            nearest: ["1.2.30", "1.20.3", "2.0.0"], newest: "2.0.0"),
        // Tags with the same suffix come first: the nearest minor version, then the newest patch.
        Case(
            wanted: "1.5.0-alpine",
            existing: ["1.3.1-alpine", "1.4.1", "1.4.1-alpine", "1.4.2-alpine", "1.4.3"],
            nearest: ["1.4.2-alpine", "1.4.1-alpine", "1.3.1-alpine"], newest: "1.4.3"),
        // A date is not suggested as the newest release if versions have three numbers.
        Case(
            wanted: "3.99.0", existing: ["20240329", "3.20.1", "edge"],
            nearest: ["3.20.1", "20240329", "edge"], newest: "3.20.1"),
        // The suggestions have as many numbers as the wanted version.
        Case(
            wanted: "99", existing: ["16", "17", "17.2"], nearest: ["17", "16", "17.2"],
            newest: "17"),
        // Names that are not versions are compared by spelling.
        Case(
            wanted: "lates", existing: ["edge", "latest", "1.0"],
            nearest: ["latest", "edge", "1.0"], newest: "1.0"),
        Case(wanted: "1.0", existing: [], nearest: [], newest: nil),
    ])
    func `are the nearest existing tags and the newest release`(_ example: Case) throws {
        let found = NearestTags(
            to: try Tag(parsing: example.wanted),
            among: try example.existing.map { try Tag(parsing: $0) })
        #expect(found.nearest.map(\.name) == example.nearest)
        #expect(found.newestRelease?.name == example.newest)
    }
}
