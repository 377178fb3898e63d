// SPDX-License-Identifier: Apache-2.0

import Testing
import TextSafety

struct ColumnCountTests {
    @Test(arguments: [
        ("", 0), ("plain", 5), ("é", 1), ("e\u{301}", 1), ("画像", 4), ("한글", 4), ("ｶﾅ", 2),
        ("Ａ", 2), ("🚀", 2), ("👩‍💻", 2), ("❤️", 2), ("…✓→", 3), ("\r\n", 2),
    ])
    func `a text has as many columns as on a terminal`(text: String, count: Int) {
        #expect(text.columnCount == count)
    }
}
