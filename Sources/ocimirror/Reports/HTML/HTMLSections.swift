// SPDX-License-Identifier: Apache-2.0

internal import Mirroring
internal import OCI
internal import Validation

/// The sections below the matrix: hosts, slowest images and lock files.
struct HTMLSections {
    let html: HTML

    init(_ report: RunReport) {
        html =
            "\(Self.hosts(report.traffic))\(Self.slowest(report.slowest))\(Self.locks(report.locks))"
            + Self.findings(report)
    }

    /// Returns the findings about credentials, which belong to no image.
    static func warnings(_ credentials: CredentialFindings) -> HTML {
        guard !credentials.all.isEmpty else { return "" }
        let rows = credentials.all.map { credential -> HTML in
            """
            <li>\(HTML.finding(credential.finding.id.rawValue, id: credential.finding.id)): \(credential.finding.message); \
            \(credential.hint)</li>
            """
        }
        return "<section><h2>Warnings</h2><ul class=\"locks\">\(rows)</ul></section>"
    }

    /// Returns the meaning of each finding in the report, which the findings link to.
    private static func findings(_ report: RunReport) -> HTML {
        let shown = Set(report.sync.outcomes.flatMap(\.findings).map(\.id))
            .union(report.credentials.all.map(\.finding.id))
        let ids = Finding.ID.allCases.filter(shown.contains)
        guard !ids.isEmpty else { return "" }
        let rows = ids.map { id -> HTML in
            "<dt id=\"finding-\(id.rawValue)\">\(id.rawValue)</dt><dd>\(id.summary)</dd>"
        }
        return """
            <section><h2>Findings</h2><dl class="findings">\(rows)</dl>
            <p class="when">Documentation/findings.md describes each with its causes and remedies.</p>
            </section>
            """
    }

    private static func hosts(_ traffic: [HostStatistics]) -> HTML {
        guard !traffic.isEmpty else { return "" }
        let rows = traffic.map { host -> HTML in
            """
            <tr><th scope="row">\(host.host)</th>
            <td class="number" data-label="Requests">\(host.requestCount.grouped)</td>
            <td class="number" data-label="Retries">\(host.retries.grouped)</td>
            <td class="number" data-label="Received">\(ByteCount(bytes: host.bytesRead))</td>
            <td class="number" data-label="Sent">\(ByteCount(bytes: host.bytesWritten))</td>
            <td class="number" data-label="Pulls">\
            \(host.pullsLeft.map { "\(host.pullsSpent.grouped) used, \($0.grouped) remaining" } ?? "–")</td></tr>

            """
        }
        return """
            <section><h2>Hosts</h2>
            <table class="plain"><thead><tr><th scope="col">Host</th>
            <th scope="col" class="number">Requests</th>
            <th scope="col" class="number">Retries</th>
            <th scope="col" class="number">Received</th>
            <th scope="col" class="number">Sent</th>
            <th scope="col" class="number">Pulls</th></tr></thead>
            <tbody>\(rows)</tbody></table></section>
            """
    }

    private static func slowest(_ images: [ImageOutcome]) -> HTML {
        guard images.count > 1, let longest = images.first?.duration.milliseconds, longest > 0
        else {
            return ""
        }
        let rows = images.map { image -> HTML in
            let share = image.duration.milliseconds * 100 / longest
            return """
                <li><span>\(image.image.id)</span>
                <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">\
                <rect x="0" y="0" width="\(share)" height="1"/></svg>
                <b>\(Elapsed(duration: image.duration))</b></li>

                """
        }
        return "<section><h2>Slowest images</h2><ol class=\"slowest\">\(rows)</ol></section>"
    }

    private static func locks(_ locks: [RunReport.WrittenLock]) -> HTML {
        guard !locks.isEmpty else { return "" }
        let rows = locks.map { lock -> HTML in "<li>\(lock.line)</li>" }
        return "<section><h2>Lock files</h2><ul class=\"locks\">\(rows)</ul></section>"
    }
}
