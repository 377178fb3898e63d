// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Mirroring
internal import OCI
internal import StrictJSON

/// What `prune` answers, as text and as JSON.
struct PruneDocument {
    let report: PruneReport
    let removes: Bool
    let credentials: CredentialFindings

    private var failures: [ImageFailure] {
        report.failures.map(\.failure)
            + report.tags.compactMap {
                if case .failed(let failure) = $0.outcome { failure } else { nil }
            }
    }

    var exitCode: ExitCode { .combining(failures.map { ExitCode($0.failureClass) }) }

    func text(for console: Console) -> String {
        let style = console.outputStyle
        var listing = Listing(width: console.width)
        for tag in report.tags {
            var details: [Listing.Cell] = []
            if case .failed(let failure) = tag.outcome { details = failure.details(style) }
            listing.add(
                [
                    .init(text: "\(tag.repository):\(tag.tag)", paint: style.bold),
                    .init(text: tag.outcome.word), .init(text: tag.reason.words, paint: style.dim),
                ], details: details)
        }
        for (repository, failure) in report.failures {
            listing.add(
                [.init(text: "\(repository)", paint: style.bold), .init(text: "failed")],
                details: failure.details(style))
        }
        let done = report.tags.count { $0.outcome == .removed }
        let superfluous = counted(report.tags.count, "tag")
        let summary =
            removes
            ? "\(done) of \(superfluous) removed, \(report.keptCount) left alone"
            : "\(superfluous) could go, \(report.keptCount) stay"
                + (report.tags.isEmpty ? "" : "; --yes removes them")
        return (listing.text.isEmpty ? "" : listing.text + "\n")
            + credentials.text(for: console) + summary + "\n"
    }

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "prune",
            "exitCode": .integer(Int(exitCode.rawValue)),
            "findings": credentials.json,
            "spared": .integer(report.keptCount),
            "tags": .array(report.tags.map(\.json)),
            "failures": .array(
                report.failures.map {
                    [
                        "repository": .string($0.repository.description),
                        "failure": $0.failure.json,
                    ]
                }),
        ]
    }
}

extension PrunedTag {
    fileprivate var json: JSONValue {
        var failure = JSONValue.null
        if case .failed(let cause) = outcome { failure = cause.json }
        return [
            "repository": .string(repository.description),
            "tag": .string(tag.name),
            "reason": .string(reason.rawValue),
            "fate": .string(outcome.word),
            "failure": failure,
        ]
    }
}

extension PrunedTag.Outcome {
    fileprivate var word: String {
        switch self {
        case .listed: "superfluous"
        case .removed: "removed"
        case .failed: "failed"
        }
    }
}

extension PrunedTag.Reason {
    fileprivate var words: String {
        switch self {
        case .kept: "retains an unreferenced digest"
        case .gone: "in no lock file and no configuration entry"
        case .orphan: "belongs to a manifest that no longer exists"
        }
    }
}
