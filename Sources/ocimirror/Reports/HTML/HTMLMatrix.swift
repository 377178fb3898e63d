// SPDX-License-Identifier: Apache-2.0

internal import Mirroring
internal import OCI
internal import Validation

/// The table of images and platforms, with a result in each cell.
struct HTMLMatrix {
    let html: HTML

    init(_ report: RunReport) {
        let rows = MatrixRow.rows(of: report)
        guard !rows.isEmpty else {
            html = "<p class=\"none\">\(report.headline)</p>"
            return
        }
        let columns = MatrixColumns(for: report)
        let headings = columns.platforms.map { platform -> HTML in
            "<th scope=\"col\">\(platform)</th>"
        }
        let others: HTML = columns.hasOthers ? "<th scope=\"col\">Others</th>" : ""
        let bodies = rows.map { HTMLImage($0, in: columns).html }
        html = """
            \(Self.tools(rows))
            <table id="images" aria-label="Images by platforms">
            <thead><tr>
            <th scope="col" data-key="id">Image</th>
            <th scope="col" data-key="status">Status</th>
            \(headings)
            \(others)
            <th scope="col" data-key="size" class="number">Size</th>
            <th scope="col" data-key="age" class="number">Age</th>
            <th scope="col">Digest</th>
            <th scope="col" data-key="duration" class="number">Duration</th>
            </tr></thead>
            \(bodies)
            </table>
            """
    }

    /// Returns the search field and the filters, which a script makes visible.
    private static func tools(_ rows: [MatrixRow]) -> HTML {
        let filters = [
            ("all", "All"), ("bad", "Needs attention"), ("unfinished", "Unfinished"),
            ("changed", "Changed"), ("moved", "Moved"), ("unchanged", "Unchanged"),
            ("warning", "Warnings"), ("exception", "Exceptions"),
        ]
        let chips = filters.compactMap { group, name -> HTML? in
            let count = rows.count { $0.groups.contains(group) }
            guard count > 0 else { return nil }
            return """
                <button type="button" data-group="\(group)" aria-pressed="\(group == "all")">\
                \(name) <span>\(count)</span></button>

                """
        }
        return """
            <div id="tools" hidden>
            <input id="search" type="search" placeholder="Filter by name, digest, finding …" \
            aria-label="Filter images">
            <div class="chips">\(chips)</div>
            <output id="matches"></output>
            </div>
            """
    }
}
