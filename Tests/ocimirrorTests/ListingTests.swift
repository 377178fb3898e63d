// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ocimirror

@Suite struct `a listing` {
    private func text(_ width: Int, _ cells: String...) -> String {
        var listing = Listing(width: width)
        listing.add(cells.map { Listing.Cell(text: $0) })
        return listing.text
    }

    @Test func `wraps the last column within its width`() {
        #expect(
            text(40, "grafana", "mirrored", "6 MB in 4 blobs, 2 mounted") == """
                grafana  mirrored  6 MB in 4 blobs, 2
                                   mounted

                """)
    }

    @Test func `wraps nothing without a width`() {
        #expect(
            text(.max, "grafana", "mirrored", "6 MB in 4 blobs, 2 mounted")
                == "grafana  mirrored  6 MB in 4 blobs, 2 mounted\n")
    }

    @Test
    func `moves a last column that is too narrow, or a word that does not fit, below the row`() {
        #expect(
            text(32, "grafana", "mirrored", "6 MB in 4 blobs, 2 mounted") == """
                grafana  mirrored
                    6 MB in 4 blobs, 2 mounted

                """)
        #expect(
            text(44, "grafana", "copy", "registry.example.com/team/grafana:12.1 to x") == """
                grafana  copy
                    registry.example.com/team/grafana:12.1
                      to x

                """)
    }
}
