// SPDX-License-Identifier: Apache-2.0

internal import Mirroring
internal import OCI
internal import Validation

/// What stands below the matrix: hosts, the slowest images, locks.
struct HTMLSections {
    let html: HTML

    init(_ report: RunReport) {
        html =
            "\(Self.hosts(report.traffic))\(Self.slowest(report.slowest))\(Self.locks(report.locks))"
    }

    /// Findings about credentials, which belong to no image.
    static func warnings(_ credentials: CredentialFindings) -> HTML {
        guard !credentials.all.isEmpty else { return "" }
        let rows = credentials.all.map { credential -> HTML in
            """
            <li>\(credential.finding.id.rawValue): \(credential.finding.message); \
            \(credential.hint)</li>
            """
        }
        return "<section><h2>Warnings</h2><ul class=\"locks\">\(rows)</ul></section>"
    }

    private static func hosts(_ traffic: [HostStatistics]) -> HTML {
        guard !traffic.isEmpty else { return "" }
        let rows = traffic.map { host -> HTML in
            """
            <tr><th scope="row">\(host.host)</th>
            <td class="number" data-label="Requests">\(host.requestCount)</td>
            <td class="number" data-label="Sent again">\(host.retries)</td>
            <td class="number" data-label="Read">\(ByteCount(bytes: host.bytesRead))</td>
            <td class="number" data-label="Written">\(ByteCount(bytes: host.bytesWritten))</td>
            <td class="number" data-label="Pulls">\
            \(host.pullsLeft.map { "\(host.pullsSpent) spent, \($0) left" } ?? "–")</td></tr>

            """
        }
        return """
            <section><h2>Hosts</h2>
            <table class="plain"><thead><tr><th scope="col">Host</th>
            <th scope="col" class="number">Requests</th>
            <th scope="col" class="number">Sent again</th>
            <th scope="col" class="number">Read</th>
            <th scope="col" class="number">Written</th>
            <th scope="col" class="number">Pulls</th></tr></thead>
            <tbody>\(rows)</tbody></table></section>
            """
    }

    private static func slowest(_ images: [ImageOutcome]) -> HTML {
        guard images.count > 1, let most = images.first?.duration.milliseconds, most > 0 else {
            return ""
        }
        let rows = images.map { image -> HTML in
            let share = image.duration.milliseconds * 100 / most
            return """
                <li><span>\(image.image.id)</span>
                <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">\
                <rect x="0" y="0" width="\(share)" height="1"/></svg>
                <b>\(Elapsed(duration: image.duration))</b></li>

                """
        }
        return "<section><h2>Slowest</h2><ol class=\"slowest\">\(rows)</ol></section>"
    }

    private static func locks(_ locks: [RunReport.WrittenLock]) -> HTML {
        guard !locks.isEmpty else { return "" }
        let rows = locks.map { lock -> HTML in "<li>\(lock.line)</li>" }
        return "<section><h2>Locks</h2><ul class=\"locks\">\(rows)</ul></section>"
    }
}
