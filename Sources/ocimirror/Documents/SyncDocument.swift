// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Mirroring
internal import OCI
internal import StrictJSON
internal import Validation

/// What `sync` answers, as text and as JSON.
struct SyncDocument {
    /// A lock after the run.
    struct WrittenLock {
        let path: String
        let shownPath: String
        let update: LockUpdate
        let hasChanged: Bool
    }

    let report: SyncReport
    let locks: [WrittenLock]
    let anonymousReads: AnonymousReads
    let pulls: PullCounts
    /// The code of a run that was cut short; nil for one that came to its end.
    let interrupted: ExitCode?

    /// The one code for the whole run.
    var exitCode: ExitCode {
        if let interrupted { return interrupted }
        let problems = report.problems.map { ExitCode($0.failure.failureClass) }
        return .combining(problems + report.outcomes.map(\.exitCode))
    }

    // MARK: Text

    func text(for console: Console) -> String {
        let style = console.outputStyle
        var listing = Listing(width: console.width)
        for outcome in report.outcomes {
            listing.add(
                [
                    .init(text: outcome.image.id, paint: style.bold),
                    .init(text: outcome.status.rawValue, paint: outcome.status.paint(style)),
                    .init(text: outcome.descriptor?.digest.short ?? "-"),
                    .init(text: outcome.effort, paint: style.dim),
                ],
                details: outcome.details(style))
        }
        for problem in report.problems {
            listing.add(
                [
                    .init(text: problem.entry.name, paint: style.bold),
                    .init(text: problem.failure.verdict.rawValue, paint: style.red),
                ],
                details: problem.failure.details(style))
        }
        return listing.text + "\n" + summary.joined(separator: "\n") + "\n"
    }

    private var summary: [String] {
        let counts = ImageOutcome.Status.allCases.compactMap { status -> String? in
            let count =
                report.outcomes.count { $0.status == status }
                + report.problems.count { $0.failure.verdict == status }
            return count > 0 ? "\(count) \(status.rawValue)" : nil
        }
        var lines = counts.isEmpty ? [] : [counts.joined(separator: ", ")]
        if report.wasInterrupted {
            let ids = report.unfinished.map(\.id).joined(separator: ", ")
            lines.append("interrupted, not finished: \(ids)")
        } else if counts.isEmpty {
            lines.append("no image is configured")
        }
        lines += HiddenRepositories(report).lines
        lines += pulls.lines
        for lock in locks {
            var line = "\(lock.shownPath) \(lock.hasChanged ? "written" : "unchanged")"
            if !lock.update.kept.isEmpty {
                line += ", old blocks kept: \(lock.update.kept.joined(separator: ", "))"
            }
            if !lock.update.dropped.isEmpty {
                line += ", blocks dropped: \(lock.update.dropped.joined(separator: ", "))"
            }
            lines.append(line)
        }
        return lines
    }

    // MARK: JSON

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "sync",
            "exitCode": .integer(Int(exitCode.rawValue)),
            "interrupted": .bool(report.wasInterrupted),
            "unfinished": .array(report.unfinished.map { .string($0.id) }),
            "images": .array(
                report.outcomes.map {
                    $0.json(isAnonymous: anonymousReads.contains($0.image.source))
                }),
            "problems": .array(
                report.problems.map {
                    [
                        "name": .string($0.entry.name),
                        "line": .integer($0.entry.place.line),
                        "failure": $0.failure.json,
                    ]
                }),
            "pulls": pulls.json,
            "locks": .array(
                locks.map {
                    [
                        "path": .string($0.path),
                        "changed": .bool($0.hasChanged),
                        "kept": .array($0.update.kept.map(JSONValue.string)),
                        "dropped": .array($0.update.dropped.map(JSONValue.string)),
                    ]
                }),
        ]
    }
}

extension ImageOutcome.Status {
    fileprivate func paint(_ style: Style) -> (String) -> String {
        switch self {
        case .unchanged: style.dim
        case .proved, .mirrored: style.green
        case .refused, .missing, .failed: style.red
        }
    }
}

extension ImageOutcome {
    fileprivate var exitCode: ExitCode {
        let findings: ExitCode = status == .refused || status == .missing ? .negative : .success
        return .combining([findings] + failures.map { ExitCode($0.failureClass) })
    }

    /// What it took, over all targets.
    fileprivate var effort: String {
        var sum = CopyReceipt()
        for target in targets { if let receipt = target.receipt { sum += receipt } }
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

    fileprivate func json(isAnonymous: Bool) -> JSONValue {
        [
            "id": .string(image.id),
            "source": .string(image.sourceText),
            "auth": isAnonymous ? "anonymous" : .null,
            "status": .string(status.rawValue),
            "digest": .optional(descriptor.map { $0.digest.description }),
            "mediaType": .optional(descriptor.map { $0.mediaType.name }),
            "size": descriptor.map { .integer($0.size) } ?? .null,
            "findings": .array(findings.map(\.json)),
            "failure": failure?.json ?? .null,
            "instead": instead?.json ?? .null,
            "targets": .array(targets.map(\.json)),
        ]
    }
}

extension ImageOutcome.AtTarget {
    fileprivate var json: JSONValue {
        [
            "location": .string(location.description),
            "blobsUploaded": .integer(receipt?.blobsUploaded ?? 0),
            "bytesUploaded": .integer(receipt?.bytesUploaded ?? 0),
            "blobsMounted": .integer(receipt?.blobsMounted ?? 0),
            "blobsPresent": .integer(receipt?.blobsPresent ?? 0),
            "manifestsPushed": .integer(receipt?.manifestsPushed ?? 0),
            "referrers": referrers?.json ?? .null,
            "public": isPublic.map(JSONValue.bool) ?? .null,
            "failure": failure?.json ?? .null,
        ]
    }
}

extension ReferrerReceipt {
    fileprivate var json: JSONValue {
        [
            "copied": .integer(copied),
            "present": .integer(present),
            "tags": .integer(tags),
            "warnings": .array(warnings.map(JSONValue.string)),
        ]
    }
}
