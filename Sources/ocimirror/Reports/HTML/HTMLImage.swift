// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Mirroring
internal import OCI
internal import Validation

/// One image of the matrix: its row, what is to be said about it, and what may be asked.
///
/// A `details` element in the first cell opens the last row, by style alone.
struct HTMLImage {
    let html: HTML

    init(_ row: MatrixRow, in columns: MatrixColumns) {
        let facts = row.outcome?.facts
        let age = facts?.platforms.compactMap(\.day).max().map { Age(of: $0, on: columns.today) }
        let platforms = columns.platforms.map { Self.cell($0, row.outcome) }
        let others = columns.hasOthers ? Self.others(columns.others(of: row.outcome)) : ""
        let size = facts?.downloadSize
        let took = row.outcome?.duration
        html = """
            <tbody data-groups="\(row.groups.joined(separator: " "))" data-id="\(row.id)" \
            data-word="\(row.word)" data-size="\(size.map(String.init) ?? "")" \
            data-age="\(age.map { String($0.days) } ?? "")" \
            data-took="\(took.map { String($0.milliseconds) } ?? "")">
            <tr class="main">
            <th scope="row"><details><summary>\(row.id)</summary></details>\
            <small>\(row.source)</small></th>
            <td class="outcome"><span class="badge \(row.tone)">\(row.word)</span></td>
            \(platforms)
            \(others)
            <td class="number" data-label="Size">\(size.map { "\(ByteCount(bytes: $0))" } ?? "–")</td>
            <td class="number" data-label="Age">\(age.map { "\($0)" } ?? "–")</td>
            <td class="digest" data-label="Digest">\(Self.digest(of: row.outcome))</td>
            <td class="number" data-label="Took">\(took.map { "\(Elapsed(duration: $0))" } ?? "–")</td>
            </tr>
            \(Self.said(row, in: columns))
            <tr class="more"><td colspan="\(columns.count)">\(HTMLDetails(row).html)</td></tr>
            </tbody>

            """
    }

    // MARK: Platforms

    private static func cell(_ platform: Platform, _ outcome: ImageOutcome?) -> HTML {
        guard let outcome else {
            return "<td class=\"platform\" data-label=\"\(platform)\">–</td>"
        }
        let mark: (tone: String, sign: String, text: String)
        switch MatrixCell(on: platform, of: outcome) {
        case .good(let facts): mark = ("good", "✓", words(facts))
        case .there(let facts): mark = ("calm", "·", words(facts))
        case .notChecked: mark = ("warn", "?", "not-checked")
        case .bad(let id): mark = ("bad", "✗", id.rawValue)
        case .excused: mark = ("warn", "–", "excused")
        case .absent: mark = ("calm", "–", "")
        case .unknown: mark = ("calm", "?", "not seen")
        }
        return """
            <td class="platform" data-label="\(platform)"><span class="mark \(mark.tone)">\
            <i>\(mark.sign)</i> \(mark.text)</span></td>

            """
    }

    private static func words(_ facts: ImageFacts.PlatformFacts) -> String {
        facts.downloadSize.map { "\(ByteCount(bytes: $0))" } ?? "there"
    }

    /// Platforms that nobody asks for are counted only.
    private static func others(_ platforms: [Platform]) -> HTML {
        guard !platforms.isEmpty else { return "<td class=\"others\"></td>" }
        let names = platforms.map(\.description).joined(separator: ", ")
        return """
            <td class="others" data-label="Others" title="\(names)">+\(platforms.count)</td>
            """
    }

    // MARK: Drift

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

    // MARK: What is said

    private static func said(_ row: MatrixRow, in columns: MatrixColumns) -> HTML {
        var lines = row.troubles.map { trouble -> HTML in
            let side = trouble.side.map { "\($0.rawValue)" }
            return line("bad", trouble.finding?.rawValue ?? side ?? row.word, trouble.message)
                + .some(trouble.hint) { hint in "<p class=\"hint\">→ \(hint)</p>" }
        }
        for finding in row.outcome?.findings ?? [] where finding.severity == .warning {
            lines.append(line("warn", finding.id.rawValue, finding.message))
        }
        for warning in row.outcome?.referrerWarnings ?? [] {
            lines.append(line("warn", "referrers", warning))
        }
        if let exception = row.outcome?.image.entry.exception {
            lines.append(Self.exception(exception, on: columns.today))
        }
        guard !lines.isEmpty else { return "" }
        return "<tr class=\"said\"><td colspan=\"\(columns.count)\">\(lines)</td></tr>"
    }

    private static func exception(_ exception: PlatformException, on today: CalendarDay) -> HTML {
        let platforms = exception.platforms.map(\.description).joined(separator: ", ")
        let end = exception.until.map { until in
            exception.isInForce(on: today) ? "until \(until)" : "ended \(until)"
        }
        return line(
            exception.isInForce(on: today) ? "calm" : "warn", "exception",
            "only \(platforms) \(end ?? "for ever"): \(exception.reason)")
    }

    private static func line(_ tone: String, _ word: String, _ text: String) -> HTML {
        "<p><span class=\"badge \(tone)\">\(word)</span> \(text)</p>"
    }
}
