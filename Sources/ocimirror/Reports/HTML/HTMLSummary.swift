// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Mirroring
internal import OCI

/// The header of the page: the result, then the statistics.
struct HTMLSummary {
    let html: HTML

    init(_ report: RunReport) {
        html = """
            <header>
            <p class="kicker">ocimirror · mirror report</p>
            <h1 class="\(report.isGood ? "good" : "bad")">\(report.title)</h1>
            <p class="when"><time datetime="\(report.began)">\(report.began.readable)</time> · took \
            \(Elapsed(duration: report.duration)) · exit code \(report.exitCode.rawValue)</p>
            \(Self.bar(report))
            <dl class="figures">
            \(Self.figures(report))
            </dl>
            </header>
            """
    }

    /// Returns a bar with the share of images of each prominence.
    private static func bar(_ report: RunReport) -> HTML {
        let all = MatrixRow.rows(of: report)
        guard !all.isEmpty else { return "" }
        var start = 0
        var segments: [HTML] = []
        var legend: [HTML] = []
        for prominence in MatrixRow.Prominence.allCases {
            let count = all.count { $0.prominence == prominence }
            guard count > 0 else { continue }
            segments.append(
                "<rect class=\"\(prominence)\" x=\"\(start)\" y=\"0\" width=\"\(count)\" height=\"1\"/>"
            )
            start += count
            legend.append(
                "<li class=\"\(prominence)\"><i></i>\(prominence.words) <b>\(count.grouped)</b></li>"
            )
        }
        return """
            <svg class="bar" viewBox="0 0 \(start) 1" preserveAspectRatio="none" role="img" \
            aria-label="\(report.headline)">\(segments)</svg>
            <ul class="legend" aria-label="Legend">\(legend)</ul>
            <p class="counts">\(report.headline)</p>
            """
    }

    private static func figures(_ report: RunReport) -> [HTML] {
        let effort = report.effort
        let retries = report.traffic.reduce(0) { $0 + $1.retries }
        var figures = [
            figure(
                "Uploaded", ByteCount(bytes: effort.bytesUploaded),
                note: "\(counted(effort.blobsUploaded, "blob")), "
                    + counted(effort.manifestsPushed, "manifest")),
            figure(
                "Skipped", ByteCount(bytes: effort.bytesSaved),
                note: "\(counted(effort.blobsPresent, "blob")) already present"
                    + (effort.blobsMounted > 0 ? ", \(effort.blobsMounted.grouped) mounted" : "")),
            figure(
                "Requests", report.requestCount.grouped,
                note: retries > 0
                    ? counted(retries, "retry", plural: "retries")
                    : "to \(counted(report.traffic.count, "host"))"),
        ]
        for pulls in report.pulls {
            figures.append(
                figure(
                    "Pulls remaining", pulls.left.grouped,
                    note: "\(pulls.spent.grouped) used at \(pulls.host)"))
        }
        if let slow = report.slowest.first {
            figures.append(
                figure("Slowest image", Elapsed(duration: slow.duration), note: slow.image.id))
        }
        return figures
    }

    private static func figure(
        _ name: String, _ value: some CustomStringConvertible, note: String
    ) -> HTML {
        """
        <div><dt>\(name)</dt><dd><b>\(value)</b> <span>\(note)</span></dd></div>

        """
    }
}

extension RunReport {
    /// A Boolean value that indicates whether the run succeeded.
    fileprivate var isGood: Bool { exitCode == .success }

    /// The result in one sentence.
    fileprivate var title: String {
        let unwritten = locks.filter { $0.failure != nil }.map { "; \($0.line)" }
        return imageSummary + unwritten.joined()
    }

    private var imageSummary: String {
        let bad = Set(problems.map(\.id)).count
        let all = sync.outcomes.count + sync.problems.count + unfinished.count
        let interruption = interrupted.map {
            ", \($0.words) with \(counted(unfinished.count, "image")) unfinished"
        }
        if bad > 0 {
            return "\(bad.grouped) of \(counted(all, "image")) "
                + "\(bad == 1 ? "needs" : "need") attention\(interruption ?? "")"
        }
        guard all > 0 else { return headline }
        guard let interruption else {
            return all == 1
                ? "The image is up to date" : "All \(all.grouped) images are up to date"
        }
        return "No problems found\(interruption)"
    }
}

extension MatrixRow.Prominence {
    /// The meaning of the color in the legend.
    fileprivate var words: String {
        switch self {
        case .bad: "needs attention"
        case .unfinished: "unfinished"
        case .changed: "changed"
        case .unchanged: "unchanged"
        }
    }
}

extension Timestamp {
    /// The time as `2026-07-01 02:00 UTC`.
    fileprivate var readable: String {
        description.prefix(16).replacing("T", with: " ") + " UTC"
    }
}
