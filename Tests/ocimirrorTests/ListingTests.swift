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

    @Test func `gives a text its own lines if its column is narrower than half of a terminal`() {
        let text = text(
            80, "environments/values.yaml:1:14", "error", "unpinned",
            "api has no digest: run 'ocimirror pin'")
        #expect(
            text == """
                environments/values.yaml:1:14  error  unpinned
                    api has no digest: run 'ocimirror pin'

                """)
    }

    @Test func `keeps several spaces, which may be part of a path`() {
        #expect(
            Listing.wrap("cannot read '/tmp/a   b' now", to: 14)
                == ["cannot read", "'/tmp/a   b'", "now"])
        #expect(Listing.wrap("  a b", to: 40) == ["  a b"])
    }

    @Test func `aligns and wraps wide characters by their columns`() {
        var listing = Listing(width: 40)
        for name in ["画像", "app"] {
            listing.add([Listing.Cell(text: name), Listing.Cell(text: "mirrored")])
        }
        #expect(listing.text == "画像  mirrored\napp   mirrored\n")
        #expect(Listing.wrap("画像 画像", to: 8) == ["画像", "画像"])
    }

    @Test func `gives each cell a line if those before the last one do not fit`() {
        #expect(
            text(40, "registry.example.com/team/grafana", "mirrored", "6 MB") == """
                registry.example.com/team/grafana
                    mirrored
                    6 MB

                """)
    }

    @Test func `with titles becomes labeled lines if it is too wide`() {
        func text(width: Int) -> String {
            var listing = Listing(width: width, titles: ["registry", "network", "TLS"])
            listing.add(
                ["registry.example.com", "ok", ""].map { Listing.Cell(text: $0) },
                details: [Listing.Cell(text: "hint: x")])
            return listing.text
        }
        #expect(
            text(width: 34) == """
                registry              network  TLS
                registry.example.com  ok       -
                    hint: x

                """)
        #expect(
            text(width: 33) == """
                registry: registry.example.com
                  network: ok
                    hint: x

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
