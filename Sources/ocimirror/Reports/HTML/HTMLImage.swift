// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Mirroring
internal import OCI
internal import Validation

/// The rows of one image: its matrix row, its messages and its details.
///
/// A `details` element in the first cell shows the last row; this needs only CSS.
struct HTMLImage {
    let html: HTML

    init(_ row: MatrixRow, in columns: MatrixColumns) {
        let facts = row.outcome?.facts
        let age = facts?.platforms.compactMap(\.day).max().map { Age(of: $0, on: columns.today) }
        let platforms = columns.platforms.map { Self.cell($0, row.outcome) }
        let others = columns.hasOthers ? Self.others(columns.others(of: row.outcome)) : ""
        let size = facts?.downloadSize
        let duration = row.outcome?.duration
        html = """
            <tbody data-groups="\(row.groups.joined(separator: " "))" data-id="\(row.id)" \
            data-status="\(row.status)" data-size="\(size.map(String.init) ?? "")" \
            data-age="\(age.map { String($0.days) } ?? "")" \
            data-duration="\(duration.map { String($0.milliseconds) } ?? "")">
            <tr class="main">
            <th scope="row"><details><summary>\(row.id)</summary></details>\
            <small>\(row.source)</small></th>
            <td class="outcome"><span class="badge \(row.prominence)">\(row.status)</span></td>
            \(platforms)
            \(others)
            <td class="number" data-label="Size">\(size.map { "\(ByteCount(bytes: $0))" } ?? "–")</td>
            <td class="number" data-label="Age">\(age.map { "\($0)" } ?? "–")</td>
            <td class="digest" data-label="Digest">\(Self.digest(of: row.outcome))</td>
            <td class="number" data-label="Duration">\(duration.map { "\(Elapsed(duration: $0))" } ?? "–")</td>
            </tr>
            \(Self.messages(row, in: columns))
            <tr class="more"><td colspan="\(columns.count)">\(HTMLDetails(row).html)</td></tr>
            </tbody>

            """
    }

    // MARK: Platforms

    private static func cell(_ platform: Platform, _ outcome: ImageOutcome?) -> HTML {
        guard let outcome else {
            return "<td class=\"platform\" data-label=\"\(platform)\">–</td>"
        }
        let cell = MatrixCell(on: platform, of: outcome)
        return """
            <td class="platform" data-label="\(platform)"><span class="mark \(cell.mark.tone)">\
            <i>\(cell.mark.sign)</i> \(cell.text)</span></td>

            """
    }

    /// Platforms that are not required are only counted.
    private static func others(_ platforms: [Platform]) -> HTML {
        guard !platforms.isEmpty else { return "<td class=\"others\"></td>" }
        let names = platforms.map(\.description).joined(separator: ", ")
        return """
            <td class="others" data-label="Others" title="\(names)">+\(platforms.count)</td>
            """
    }

    // MARK: Digest

    private static func digest(of outcome: ImageOutcome?) -> HTML {
        guard let outcome, let now = outcome.descriptor?.digest else { return "–" }
        guard outcome.hasMoved, let previous = outcome.previous else {
            return "<code title=\"\(now)\">\(now.hex.prefix(12))</code>"
        }
        return """
            <code class="old" title="\(previous)">\(previous.hex.prefix(12))</code> \
            <span>→ <code title="\(now)">\(now.hex.prefix(12))</code></span>
            """
    }

    // MARK: Messages

    private static func messages(_ row: MatrixRow, in columns: MatrixColumns) -> HTML {
        var lines = row.problems.map { problem -> HTML in
            let role = problem.role.map { "\($0.rawValue)" }
            return line(
                tone: "bad", label: problem.finding?.rawValue ?? role ?? row.status,
                id: problem.finding, problem.message)
                + .some(problem.hint) { hint in "<p class=\"hint\">→ \(hint)</p>" }
        }
        for finding in row.outcome?.findings ?? [] where finding.severity == .warning {
            lines.append(line(tone: "warn", label: finding.label, id: finding.id, finding.message))
        }
        for warning in row.outcome?.referrerWarnings ?? [] {
            lines.append(line(tone: "warn", label: "referrers", warning))
        }
        if let exception = row.outcome?.image.entry.exception {
            lines.append(Self.exception(exception, on: columns.today))
        }
        guard !lines.isEmpty else { return "" }
        return "<tr class=\"messages\"><td colspan=\"\(columns.count)\">\(lines)</td></tr>"
    }

    private static func exception(_ exception: PlatformException, on today: CalendarDay) -> HTML {
        let platforms = exception.platforms.map(\.description).joined(separator: ", ")
        let end = exception.until.map { until in
            exception.isInForce(on: today) ? "until \(until)" : "ended \(until)"
        }
        return line(
            tone: exception.isInForce(on: today) ? "calm" : "warn", label: "exception",
            "only \(platforms) (\(end ?? "no end date")): \(exception.reason)")
    }

    private static func line(
        tone: String, label: String, id: Finding.ID? = nil, _ text: String
    ) -> HTML {
        "<p><span class=\"badge \(tone)\">\(HTML.finding(label, id: id))</span> \(text)</p>"
    }
}

extension HTML {
    /// Returns a label that links to the meaning of a finding on the page.
    static func finding(_ label: String, id: Finding.ID?) -> HTML {
        guard let id else { return "\(label)" }
        return "<a href=\"#finding-\(id.rawValue)\" title=\"\(id.summary)\">\(label)</a>"
    }
}
