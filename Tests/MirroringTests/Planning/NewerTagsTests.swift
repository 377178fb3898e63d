// SPDX-License-Identifier: Apache-2.0

import Mirroring
import OCI
import Testing

/// Tests which tags are newer versions of a tag.
@Suite struct NewerTagsTests {
    @Test(arguments: [
        (
            "1.2.3", ["1.2.4", "1.2.10", "1.3.0", "2.0.0", "1.1.9", "1.2.3"],
            ["1.2.10", "1.3.0", "2.0.0"]
        ),
        ("1.2.3", ["1.2.2", "1.2.3"], [nil, nil, nil]),
        // Only tags of the same variant and with as many numbers are compared.
        (
            "1.2.3-alpine", ["1.2.4", "1.2.5-debian", "1.2.4-alpine", "1.3-alpine"],
            ["1.2.4-alpine", nil, nil]
        ),
        ("16", ["17", "17.1", "20250101", "latest"], [nil, nil, "17"]),
        ("1.29", ["1.30", "1.9", "1.30.1"], [nil, "1.30", nil]),
        ("v1.2.3", ["1.2.4", "v1.2.5"], ["v1.2.5", nil, nil]),
        // A prerelease is older than its release; releases have no newer prereleases.
        ("1.3.0-rc1", ["1.3.0-rc2", "1.3.0", "1.2.9"], ["1.3.0", nil, nil]),
        ("1.3.0", ["1.3.1-rc1", "1.4.0-beta1"], [nil, nil, nil]),
        ("1.3.0-rc.1-alpine", ["1.3.0", "1.3.1", "1.4.0-debian"], [nil, nil, nil]),
        ("1.3.0-rc.1-alpine", ["1.3.0-rc.2-alpine"], ["1.3.0-rc.2-alpine", nil, nil]),
        (
            "0.46.0-kafka-3.9.0", ["0.47.0-kafka-3.9.0", "0.47.0-kafka-4.0.0"],
            [nil, "0.47.0-kafka-4.0.0", nil]
        ),
        (
            "1.2.3", ["sha256-\(String(repeating: "a", count: 64))", "main", "edge"],
            [nil, nil, nil]
        ),
        ("2025.1.1", ["2025.2.0", "2026.1.0"], [nil, "2025.2.0", "2026.1.0"]),
    ])
    func `newer versions of the same variant are found for each level`(
        _ tag: String, _ others: [String], _ expected: [String?]
    ) throws {
        let newer = NewerTags(
            than: try Tag(parsing: tag), among: try others.map { try Tag(parsing: $0) })
        #expect(NewerTags.Level.allCases.map { newer.newest[$0]?.name } == expected)
        #expect(newer.isEmpty == expected.allSatisfy { $0 == nil })
    }
}
