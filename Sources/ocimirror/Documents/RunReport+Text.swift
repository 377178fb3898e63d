// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Mirroring
internal import OCI
internal import Validation

extension RunReport {
    /// The report for a person at a terminal.
    func text(for console: Console) -> String {
        let style = console.outputStyle
        var listing = Listing(width: console.width)
        for outcome in sync.outcomes {
            listing.add(
                [
                    .init(text: outcome.image.id, paint: style.bold),
                    .init(text: outcome.status.rawValue, paint: outcome.status.paint(style)),
                    .init(text: outcome.descriptor?.digest.short ?? "-"),
                    .init(text: outcome.effortInWords, paint: style.dim),
                ],
                details: outcome.details(style))
        }
        for problem in sync.problems {
            listing.add(
                [
                    .init(text: problem.entry.name, paint: style.bold),
                    .init(text: problem.failure.verdict.rawValue, paint: style.red),
                ],
                details: problem.failure.details(style))
        }
        return listing.text + "\n" + summary.joined(separator: "\n") + "\n"
    }

    /// How many images ended how, in words.
    var counts: String {
        ImageOutcome.Status.allCases.compactMap { status -> String? in
            let count = count(status)
            return count > 0 ? "\(count) \(status.rawValue)" : nil
        }.joined(separator: ", ")
    }

    private var summary: [String] {
        var lines = counts.isEmpty ? [] : [counts]
        if interrupted != nil {
            let ids = sync.unfinished.map(\.id).joined(separator: ", ")
            lines.append(
                ids.isEmpty ? "interrupted before any image" : "interrupted, not finished: \(ids)")
        } else if counts.isEmpty {
            lines.append("no image is configured")
        }
        lines += HiddenRepositories(sync).lines
        lines += pulls.map(\.line)
        return lines + locks.map(\.line)
    }
}

extension RunReport.WrittenLock {
    /// What became of it, in words.
    var line: String {
        guard failure == nil else { return "\(shownPath) could not be written" }
        var line = "\(shownPath) \(hasChanged ? "written" : "unchanged")"
        if !update.kept.isEmpty {
            line += ", old blocks kept: \(update.kept.joined(separator: ", "))"
        }
        if !update.dropped.isEmpty {
            line += ", blocks dropped: \(update.dropped.joined(separator: ", "))"
        }
        return line
    }
}

extension ImageOutcome.Status {
    fileprivate func paint(_ style: Style) -> (String) -> String {
        switch self {
        case .unchanged: style.dim
        case .proved, .mirrored, .repaired: style.green
        case .refused, .missing, .failed: style.red
        }
    }
}

extension ImageOutcome {
    /// What the copy took.
    fileprivate var effortInWords: String {
        let sum = effort
        var parts: [String] = []
        if sum != CopyReceipt() {
            let bytes = ByteCount(bytes: sum.bytesUploaded)
            parts.append("\(bytes) in \(counted(sum.blobsUploaded, "blob"))")
        }
        if sum.blobsMounted > 0 { parts.append("\(sum.blobsMounted) mounted") }
        if sum.blobsPresent > 0 { parts.append("\(sum.blobsPresent) present") }
        let referrers = targets.reduce(0) { $0 + ($1.referrers.map { $0.copied + $0.tags } ?? 0) }
        if referrers > 0 { parts.append(counted(referrers, "referrer")) }
        return parts.joined(separator: ", ")
    }

    fileprivate func details(_ style: Style) -> [Listing.Cell] {
        findings.map { $0.detail(style) } + failures.flatMap { $0.details(style) }
            + targets.flatMap { target in
                (target.referrers?.warnings ?? []).map { warning in
                    Listing.Cell(text: "warning: \(warning)", paint: style.yellow)
                }
            }
    }
}
