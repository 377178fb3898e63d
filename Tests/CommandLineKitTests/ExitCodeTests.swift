// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import Testing

struct ExitCodeTests {
    @Test func `the codes have their documented values`() {
        #expect(ExitCode.allCases.map(\.rawValue) == [0, 1, 2, 64, 75, 77, 78, 130, 143])
    }

    @Test(
        arguments: [
            ([], 0), ([0, 0], 0), ([0, 75], 75), ([75, 1, 0], 1), ([1, 2, 75], 2),
            ([2, 77, 1], 77),
            ([77, 78, 2], 78), ([78, 130], 130),
        ] as [([Int32], Int32)])
    func `the most severe code of several results wins`(outcomes: [Int32], expected: Int32) {
        let code = ExitCode.combining(outcomes.compactMap(ExitCode.init(rawValue:)))
        #expect(code.rawValue == expected)
    }
}
