// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Mirroring
internal import OCI
internal import StrictJSON

/// The result of `prune` as text and JSON.
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
                    .init(text: tag.outcome.word), .init(text: tag.reason.phrase, paint: style.dim),
                ], details: details)
        }
        for (repository, failure) in report.failures {
            listing.add(
                [.init(text: "\(repository)", paint: style.bold), .init(text: "failed")],
                details: failure.details(style))
        }
        let done = report.tags.count { $0.outcome == .removed }
        let tags = counted(report.tags.count, "tag")
        let summary =
            removes
            ? "\(done) of \(tags) removed, \(report.keptCount) kept"
            : "\(tags) can be removed, \(report.keptCount) kept"
                + (report.tags.isEmpty ? "" : "; use --yes to remove")
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
            "retained": .integer(report.keptCount),
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
            "reason": .string(reason.name),
            "status": .string(outcome.word),
            "failure": failure,
        ]
    }
}

extension PrunedTag.Outcome {
    fileprivate var word: String {
        switch self {
        case .listed: "removable"
        case .removed: "removed"
        case .failed: "failed"
        }
    }
}

extension PrunedTag.Reason {
    /// The stable name in JSON documents.
    fileprivate var name: String {
        switch self {
        case .kept: "retention-tag"
        case .gone: "unreferenced"
        case .orphan: "orphaned"
        }
    }

    fileprivate var phrase: String {
        switch self {
        case .kept: "retention tag of an unreferenced digest"
        case .gone: "not in the configuration or a lock file"
        case .orphan: "referrer of a missing manifest"
        }
    }
}
