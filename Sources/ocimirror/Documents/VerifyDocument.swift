// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Lockfiles
internal import Mirroring
internal import OCI
internal import StrictJSON
internal import Validation
internal import TextSafety

/// The result of `verify` as text and JSON.
struct VerifyDocument {
    /// The lock file of a target, with the result of each entry.
    struct VerifiedLock {
        let path: String
        let images: [VerifiedImage]
    }

    let locks: [VerifiedLock]
    /// The ids of the configuration that a lock file lacks.
    let notLocked: [String]
    let credentials: CredentialFindings

    private var images: [VerifiedImage] { locks.flatMap(\.images) }

    /// The exit code, which is 1 if an image has drifted.
    var exitCode: ExitCode {
        .combining(
            images.flatMap { image in
                [image.problems.isEmpty ? .success : .negative]
                    + [image.failure].compactMap { $0.map { ExitCode($0.failureClass) } }
            })
    }

    /// Returns the result as text; empty if the console is quiet and nothing needs attention.
    func text(for console: Console) -> String {
        let hasWarnings =
            !credentials.all.isEmpty
            || images.contains { $0.findings.contains { $0.severity >= .warning } }
        guard console.volume > .quiet || exitCode != .success || hasWarnings else { return "" }
        let style = console.outputStyle
        var listing = Listing(width: console.width, style: style)
        for image in images {
            let details =
                image.repaired.map { Listing.Cell(text: "repaired: \($0)", paint: style.green) }
                + image.problems.map { Listing.Cell(text: "error: \($0)", paint: style.red) }
                + image.findings.map { $0.detail(style) }
            listing.add(
                [
                    .init(text: image.id, paint: style.bold),
                    image.statusCell(style),
                    .init(text: image.lockEntry.digest.short),
                    .init(
                        text: "\(counted(image.presentCount, "object")) checked", paint: style.dim),
                ],
                details: details + (image.failure?.details(style) ?? []),
                failure: details.isEmpty ? image.failure.flatMap { SharedFailure([$0]) } : nil)
        }
        let drifted = images.count { !$0.problems.isEmpty }
        let unknown = images.count { $0.failure != nil && $0.problems.isEmpty }
        let repaired = images.count { $0.isRepaired }
        let valid = images.count - drifted - unknown - repaired
        var counts = ["\(valid) OK"]
        if repaired > 0 { counts.append("\(repaired) repaired") }
        if drifted > 0 { counts.append("\(drifted) drifted") }
        if unknown > 0 { counts.append("\(unknown) unknown") }
        return listing.text + (images.isEmpty ? "" : "\n") + credentials.text(for: console)
            + Listing.lines(
                ([counts.joined(separator: ", ")] + notLockedLines).map { .init(text: $0) },
                width: console.width)
    }

    private var notLockedLines: [String] {
        guard !notLocked.isEmpty else { return [] }
        return ["not in a lock file: \(listed(notLocked)); run 'ocimirror sync'"]
    }

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "verify",
            "exitCode": .integer(Int(exitCode.rawValue)),
            "findings": credentials.json,
            "notLocked": .array(notLocked.map(JSONValue.string)),
            "locks": .array(
                locks.map {
                    [
                        "path": .string($0.path),
                        "images": .array($0.images.map(\.json)),
                    ]
                }),
        ]
    }
}

extension VerifiedImage {
    /// A Boolean value that indicates whether `--repair` resolved all problems.
    fileprivate var isRepaired: Bool { problems.isEmpty && failure == nil && !repaired.isEmpty }

    fileprivate func statusCell(_ style: TextStyle) -> Listing.Cell {
        if !problems.isEmpty { return .init(text: "drifted", paint: style.red) }
        if failure != nil { return .init(text: "unknown", paint: style.yellow) }
        if isRepaired { return .init(text: "repaired", paint: style.green) }
        return .init(text: "OK", paint: style.green)
    }

    fileprivate var json: JSONValue {
        [
            "id": .string(id),
            "repository": .string(lockEntry.repository.description),
            "digest": .string(lockEntry.digest.description),
            "problems": .array(problems.map { .string($0.description) }),
            "repaired": .array(repaired.map { .string($0.description) }),
            "findings": .array(findings.map(\.json)),
            "objectsChecked": .integer(presentCount),
            "failure": failure?.json ?? .null,
        ]
    }
}
