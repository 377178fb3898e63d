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
            \(Self.legend(rows, columns))
            """
    }

    /// Returns the meaning of the marks in the platform columns.
    private static func legend(_ rows: [MatrixRow], _ columns: MatrixColumns) -> HTML {
        let used = Set(
            rows.compactMap(\.outcome).flatMap { outcome in
                columns.platforms.map { MatrixCell(on: $0, of: outcome).mark }
            })
        let entries = MatrixCell.Mark.allCases.filter(used.contains).map { mark -> HTML in
            """
            <li><span class="mark \(mark.tone)"><i>\(mark.sign)</i></span> \(mark.rawValue)</li>

            """
        }
        guard !entries.isEmpty else { return "" }
        return "<ul class=\"legend marks\" aria-label=\"Platform marks\">\(entries)</ul>"
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
                \(name) <span>\(count.grouped)</span></button>

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

/// The columns of the matrix.
struct MatrixColumns {
    /// The platforms with their own column: those that all images require.
    let platforms: [Platform]
    /// A Boolean value that indicates whether an image has more platforms, which are counted in one
    /// column.
    let hasOthers: Bool
    /// The day relative to which ages are calculated.
    let today: CalendarDay

    init(for report: RunReport) {
        let required = report.required
        platforms = required
        today = report.began.day
        hasOthers = report.sync.outcomes.contains { outcome in
            outcome.facts.platforms.contains { facts in
                !required.contains { $0.matches(facts.platform) }
            }
        }
    }

    /// The number of columns.
    var count: Int { platforms.count + (hasOthers ? 7 : 6) }

    /// Returns the platforms of an image that have no column of their own.
    func others(of outcome: ImageOutcome?) -> [Platform] {
        (outcome?.facts.platforms ?? []).map(\.platform).filter { platform in
            !platforms.contains { $0.matches(platform) }
        }
    }
}

/// The result of an image for one platform.
struct MatrixCell {
    /// The symbol.
    let mark: Mark
    /// The text beside it.
    let text: String

    /// Creates the cell of a platform.
    ///
    /// - Parameters:
    ///   - platform: A required platform.
    ///   - outcome: The result of the image.
    init(on platform: Platform, of outcome: ImageOutcome) {
        let findings = outcome.findings.filter { finding in
            finding.platform.map(platform.matches) ?? false
        }
        let facts = outcome.facts.platforms.first { platform.matches($0.platform) }
        if let error = findings.first(where: { $0.severity == .error }) {
            mark = .invalid
            text = error.id == .platformMissing ? "missing" : error.id.rawValue
        } else if findings.contains(where: { $0.id == .notChecked }) {
            (mark, text) = (.notChecked, "not checked")
        } else if let facts {
            mark = outcome.isDone ? .valid : .present
            text = facts.downloadSize.map { "\(ByteCount(bytes: $0))" } ?? "present"
        } else if outcome.facts.platforms.isEmpty, !outcome.image.entry.isArtifact {
            (mark, text) = (.unknown, "unknown")
        } else if outcome.image.entry.exception != nil {
            (mark, text) = (.excepted, "exception")
        } else {
            (mark, text) = (.absent, "")
        }
    }

    /// The symbol of a cell; the raw value is its meaning in the legend.
    enum Mark: String, CaseIterable {
        /// The platform is present and valid.
        case valid
        /// The platform is present, but the image is rejected for another reason.
        case present = "present, but the image is not valid"
        /// The platform was not validated.
        case notChecked = "not checked"
        /// The platform has an error.
        case invalid = "invalid or missing"
        /// The platform is missing, and an exception permits that.
        case excepted = "missing, permitted by an exception"
        /// The platform is missing and not required.
        case absent = "not in the image"
        /// The platforms of the image are unknown.
        case unknown

        /// The symbol.
        var sign: String {
            switch self {
            case .valid: "✓"
            case .present: "·"
            case .notChecked, .unknown: "?"
            case .invalid: "✗"
            case .excepted, .absent: "–"
            }
        }

        /// The class of its color.
        var tone: String {
            switch self {
            case .valid: "good"
            case .notChecked, .excepted: "warn"
            case .invalid: "bad"
            case .present, .absent, .unknown: "calm"
            }
        }
    }
}
