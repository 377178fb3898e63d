// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Mirroring
internal import OCI

/// The head of the page: the answer first, then the figures.
struct HTMLSummary {
    let html: HTML

    init(_ report: RunReport) {
        html = """
            <header>
            <p class="kicker">ocimirror · mirror report</p>
            <h1 class="\(report.isGood ? "good" : "bad")">\(report.verdict)</h1>
            <p class="when"><time datetime="\(report.began)">\(report.began.inWords)</time> · took \
            \(Elapsed(duration: report.duration)) · exit code \(report.exitCode.rawValue)</p>
            \(Self.bar(report))
            <dl class="figures">
            \(Self.figures(report))
            </dl>
            </header>
            """
    }

    /// The shares of what became of the images, as one bar.
    private static func bar(_ report: RunReport) -> HTML {
        let all = MatrixRow.rows(of: report)
        guard !all.isEmpty else { return "" }
        var start = 0
        var pieces: [HTML] = []
        for tone in MatrixRow.Prominence.allCases {
            let count = all.count { $0.tone == tone }
            guard count > 0 else { continue }
            pieces.append(
                "<rect class=\"\(tone)\" x=\"\(start)\" y=\"0\" width=\"\(count)\" height=\"1\"/>")
            start += count
        }
        return """
            <svg class="bar" viewBox="0 0 \(start) 1" preserveAspectRatio="none" role="img" \
            aria-label="\(report.headline)">\(pieces)</svg>
            <p class="counts">\(report.headline)</p>
            """
    }

    private static func figures(_ report: RunReport) -> [HTML] {
        let effort = report.effort
        let retries = report.traffic.reduce(0) { $0 + $1.retries }
        var figures = [
            figure(
                "Sent", ByteCount(bytes: effort.bytesUploaded),
                "\(counted(effort.blobsUploaded, "blob")), "
                    + counted(effort.manifestsPushed, "manifest")),
            figure(
                "Saved", ByteCount(bytes: effort.bytesSaved),
                "\(counted(effort.blobsPresent, "blob")) there already, "
                    + "\(effort.blobsMounted) mounted"),
            figure(
                "Requests", report.requestCount,
                retries > 0
                    ? "\(retries) sent again"
                    : "to \(counted(report.traffic.count, "host"))"),
        ]
        for pulls in report.pulls {
            figures.append(
                figure("Pulls left", pulls.left, "\(pulls.spent) spent at \(pulls.host)"))
        }
        if let slow = report.slowest.first {
            figures.append(figure("Slowest", Elapsed(duration: slow.duration), slow.image.id))
        }
        return figures
    }

    private static func figure(
        _ name: String, _ value: some CustomStringConvertible, _ note: String
    ) -> HTML {
        """
        <div><dt>\(name)</dt><dd><b>\(value)</b> <span>\(note)</span></dd></div>

        """
    }
}

extension RunReport {
    /// Whether nothing needs a person.
    fileprivate var isGood: Bool { exitCode == .success }

    /// The answer in a sentence.
    fileprivate var verdict: String {
        let unwritten = locks.filter { $0.failure != nil }.map { "; \($0.line)" }
        return verdictOnImages + unwritten.joined()
    }

    private var verdictOnImages: String {
        let bad = Set(troubles.map(\.id)).count
        let all = sync.outcomes.count + sync.problems.count + unfinished.count
        let cut = interrupted.map {
            ", \($0.words) with \(counted(unfinished.count, "image")) left"
        }
        if bad > 0 {
            return "\(bad) of \(counted(all, "image")) "
                + "\(bad == 1 ? "needs" : "need") attention\(cut ?? "")"
        }
        guard all > 0 else { return headline }
        guard let cut else {
            return all == 1
                ? "The image is as it should be" : "All \(all) images are as they should be"
        }
        return "No image is wrong\(cut)"
    }
}

extension Timestamp {
    /// `2026-07-01 02:00 UTC`.
    fileprivate var inWords: String {
        description.prefix(16).replacing("T", with: " ") + " UTC"
    }
}
