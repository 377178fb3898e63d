// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Mirroring
internal import OCI
internal import Validation

/// The report in Markdown for a CI job summary: what needs attention first, the rest collapsed.
///
/// Untrusted text is always written as code.
struct MarkdownReport {
    let text: String

    /// The maximum size in bytes.
    static let limit = 960_000

    /// Creates the report.
    ///
    /// - Parameters:
    ///   - report: The values.
    ///   - limit: The maximum size in bytes.
    init(_ report: RunReport, limit: Int = limit) {
        var page = MarkdownPage(limit: limit)
        page.add(lines: ["# Mirror: \(report.headline)", "", report.paragraph])
        page.addTable(
            "Needs attention", header: ["image", "status", "reason"], rows: report.problemRows)
        page.addTable(
            "Unfinished", header: ["image"], rows: report.unfinished.map { [code($0)] },
            collapsedAbove: 20)
        page.addTable(
            "Changed",
            header: ["image", "status", "digest", "platforms", "size", "uploaded", "duration"],
            rows: report.changes.map(\.changeRow), collapsedAbove: 40)
        page.addTable(
            "Warnings", header: ["image", "finding", "message"],
            rows: report.credentialRows + report.findingRows(.warning),
            collapsedAbove: 20)
        page.addTable(
            "Exceptions", header: ["image", "platforms", "reason", "until"],
            rows: report.exceptionRows,
            collapsedAbove: 20)
        page.addTable(
            "Hosts", header: ["host", "requests", "retries", "received", "sent", "pulls"],
            rows: report.traffic.map(\.row), collapsedAbove: 20)
        page.addTable(
            "Slowest images", header: ["image", "duration"],
            rows: report.slowest.map { [code($0.image.id), "\(Elapsed(duration: $0.duration))"] },
            collapsedAbove: 0)
        page.addTable(
            "Notes", header: ["image", "finding", "message"], rows: report.findingRows(.note),
            collapsedAbove: 0)
        page.addTable(
            "Unchanged", header: ["image", "source", "digest"],
            rows: report.sync.outcomes.filter { $0.status == .unchanged }.map { outcome in
                [
                    code(outcome.image.id), code(outcome.image.sourceText),
                    digest(outcome.descriptor?.digest),
                ]
            }, collapsedAbove: 0)
        text = page.text
    }
}

extension RunReport {
    /// The statistics of the run in one paragraph.
    fileprivate var paragraph: String {
        var parts = ["Started \(began), took \(Elapsed(duration: duration))"]
        parts.append("exit code \(exitCode.rawValue)")
        if let interrupted { parts.append("**\(interrupted.words)**") }
        parts += effortSummary
        if requestCount > 0 { parts.append(counted(requestCount, "request")) }
        parts += locks.map { lock in
            guard lock.failure == nil, !lock.isWithheld else {
                return "\(code(lock.shownPath)) **not written**"
            }
            let publication = lock.publication.map { ", \($0.markdown)" } ?? ""
            return
                "\(code(lock.shownPath)) \(lock.hasChanged ? "written" : "unchanged")\(publication)"
        }
        return parts.joined(separator: " · ")
    }

    fileprivate var problemRows: [[String]] {
        problemGroups.map { group in
            let (problem, ids) = (group.problem, group.ids)
            let role = problem.role.map { " at the \($0.rawValue)" } ?? ""
            let finding = problem.finding.map { "\(code($0.rawValue)) " } ?? ""
            let hint = problem.hint.map { "<br>→ \(code($0))" } ?? ""
            let images =
                ids.count == 1
                ? code(ids[0]) : "\(counted(ids.count, "image")): \(code(listed(ids)))"
            return [
                images, "**\(problem.statusText)**\(role)",
                "\(finding)\(code(group.message))\(hint)",
            ]
        }
    }

    fileprivate func findingRows(_ severity: Finding.Severity) -> [[String]] {
        findings(severity).map { image, finding in
            [code(image.id), code(finding.label), code(finding.message)]
        }
    }

    /// The findings about credentials, with the registry instead of an image.
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
                let hasEnded = !exception.isInForce(on: began.day)
                let end = exception.until.map { "\($0)" } ?? "no end date"
                return [
                    code(outcome.image.id),
                    exception.platforms.map { code($0.description) }.joined(separator: " "),
                    code(exception.reason), hasEnded ? "**ended** \(end)" : end,
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
        let uploaded = effort == CopyReceipt() ? "–" : "\(ByteCount(bytes: effort.bytesUploaded))"
        return [
            code(image.id), status.rawValue, moved,
            facts.platforms.map { code($0.platform.description) }.joined(separator: " "),
            facts.downloadSize.map { "\(ByteCount(bytes: $0))" } ?? "–", uploaded,
            "\(Elapsed(duration: duration))",
        ]
    }
}

extension HostStatistics {
    fileprivate var row: [String] {
        [
            code(host), "\(requestCount)", "\(retries)", "\(ByteCount(bytes: bytesRead))",
            "\(ByteCount(bytes: bytesWritten))",
            pullsLeft.map { "\(pullsSpent) used, \($0) remaining" } ?? "–",
        ]
    }
}

extension LockPublication {
    fileprivate var markdown: String {
        guard failure == nil else { return "**not published**" }
        let reference = Reference(reference.repository, tag: reference.tag)
        return "\(hasChanged ? "" : "already ")published as \(code(reference.description))"
    }
}

/// Returns an abbreviated digest; the lock file has the full one.
private func digest(_ digest: Digest?) -> String { digest.map { code($0.short) } ?? "–" }
