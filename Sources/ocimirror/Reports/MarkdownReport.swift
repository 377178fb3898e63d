// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Mirroring
internal import OCI
internal import Validation

/// The report in Markdown, for a CI job's summary: what needs a person first, the rest folded.
///
/// Every word that is not our own stands as code.
struct MarkdownReport {
    let text: String

    /// GitHub shows no summary that is larger than 1 MiB, for all commands of a step together.
    static let limit = 960_000

    init(_ report: RunReport) {
        var page = MarkdownPage(limit: Self.limit)
        page.add(lines: ["# Mirror: \(report.headline)", "", report.paragraph])
        page.addTable("Not as it should be", ["image", "outcome", "why"], report.troubleRows)
        page.addTable(
            "Not finished", ["image"], report.unfinished.map { [code($0)] }, foldedAbove: 20)
        page.addTable(
            "Changed", ["image", "outcome", "digest", "platforms", "size", "sent", "took"],
            report.changes.map(\.changeRow), foldedAbove: 40)
        page.addTable(
            "Warnings", ["image", "finding", "what"],
            report.credentialRows + report.findingRows(.warning),
            foldedAbove: 20)
        page.addTable(
            "Exceptions", ["image", "required instead", "reason", "until"], report.exceptionRows,
            foldedAbove: 20)
        page.addTable(
            "Hosts", ["host", "requests", "sent again", "read", "written", "pulls"],
            report.traffic.map(\.row), foldedAbove: 20)
        page.addTable(
            "Slowest", ["image", "took"],
            report.slowest.map { [code($0.image.id), "\(Elapsed(duration: $0.duration))"] },
            foldedAbove: 0)
        page.addTable(
            "Notes", ["image", "finding", "what"], report.findingRows(.note), foldedAbove: 0)
        page.addTable(
            "Unchanged", ["image", "source", "digest"],
            report.sync.outcomes.filter { $0.status == .unchanged }.map { outcome in
                [
                    code(outcome.image.id), code(outcome.image.sourceText),
                    digest(outcome.descriptor?.digest),
                ]
            }, foldedAbove: 0)
        text = page.text
    }
}

extension RunReport {
    /// The figures of the run in one paragraph.
    fileprivate var paragraph: String {
        var parts = ["Began \(began), took \(Elapsed(duration: duration))"]
        parts.append("exit code \(exitCode.rawValue)")
        if let interrupted { parts.append("**\(interrupted.words)**") }
        parts += effortInWords
        if requestCount > 0 { parts.append(counted(requestCount, "request")) }
        parts += locks.map { lock in
            guard lock.failure == nil, !lock.isWithheld else {
                return "\(code(lock.shownPath)) **not written**"
            }
            return "\(code(lock.shownPath)) \(lock.hasChanged ? "written" : "unchanged")"
        }
        return parts.joined(separator: " · ")
    }

    fileprivate var troubleRows: [[String]] {
        troubles.map { trouble in
            let side = trouble.side.map { " at the \($0.rawValue)" } ?? ""
            let finding = trouble.finding.map { "\(code($0.rawValue)) " } ?? ""
            let hint = trouble.hint.map { "<br>→ \(code($0))" } ?? ""
            return [
                code(trouble.id), "**\(trouble.status.rawValue)**\(side)",
                "\(finding)\(code(trouble.message))\(hint)",
            ]
        }
    }

    fileprivate func findingRows(_ severity: Finding.Severity) -> [[String]] {
        findings(severity).map { image, finding in
            [code(image.id), code(finding.id.rawValue), code(finding.message)]
        }
    }

    /// Findings about credentials, each with its registry in place of an image.
    fileprivate var credentialRows: [[String]] {
        credentials.all.map {
            [
                code($0.registry), code($0.finding.id.rawValue),
                "\(code($0.finding.message))<br>→ \(code($0.hint))",
            ]
        }
    }

    fileprivate var exceptionRows: [[String]] {
        sync.outcomes.compactMap { outcome in
            outcome.image.entry.exception.map { exception in
                let isOver = !exception.isInForce(on: began.day)
                let end = exception.until.map { "\($0)" } ?? "for ever"
                return [
                    code(outcome.image.id),
                    exception.platforms.map { code($0.description) }.joined(separator: " "),
                    code(exception.reason), isOver ? "**ended** \(end)" : end,
                ]
            }
        }
    }
}

extension ImageOutcome {
    fileprivate var changeRow: [String] {
        let now = digest(descriptor?.digest)
        let moved = previous == nil || !hasMoved ? now : "\(digest(previous)) → \(now)"
        let effort = effort
        let sent = effort == CopyReceipt() ? "–" : "\(ByteCount(bytes: effort.bytesUploaded))"
        return [
            code(image.id), status.rawValue, moved,
            facts.platforms.map { code($0.platform.description) }.joined(separator: " "),
            facts.downloadSize.map { "\(ByteCount(bytes: $0))" } ?? "–", sent,
            "\(Elapsed(duration: duration))",
        ]
    }
}

extension HostStatistics {
    fileprivate var row: [String] {
        [
            code(host), "\(requestCount)", "\(retries)", "\(ByteCount(bytes: bytesRead))",
            "\(ByteCount(bytes: bytesWritten))",
            pullsLeft.map { "\(pullsSpent) spent, \($0) left" } ?? "–",
        ]
    }
}

/// A digest, short; the whole one stands in the lock.
private func digest(_ digest: Digest?) -> String { digest.map { code($0.short) } ?? "–" }
