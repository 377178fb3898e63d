// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import OCI
internal import Pinning
internal import StrictJSON
internal import TextSafety
internal import YAML

/// The result of `promote` as text and JSON.
struct PromoteDocument {
    let target: String
    /// The lock entries that were copied.
    var changes: [LockPromotion.Change] = []
    /// The lock entries that could not be copied.
    var refusedEntries: [LockPromotion.Rejection] = []
    /// The files with copied pins.
    var files: [PinnedFile] = []

    /// An image or a file that could not be promoted.
    ///
    /// Lock entries have an id instead of a line.
    private struct Problem {
        let path: String
        let mark: YAMLMark?
        let id: String?
        let reason: String
    }

    private var problems: [Problem] {
        refusedEntries.map {
            Problem(path: target, mark: nil, id: $0.id, reason: $0.reason)
        }
            + files.flatMap { file in
                (file.error.map {
                    [Problem(path: file.path, mark: $0.mark, id: nil, reason: $0.message)]
                } ?? [])
                    + file.sites.filter { $0.status == .unpinnable }.map {
                        Problem(
                            path: file.path, mark: $0.mark, id: $0.id, reason: $0.reason ?? "")
                    }
            }
    }

    /// The exit code: 1 if an image could not be promoted, 2 if a file could not be read or
    /// written.
    var exitCode: ExitCode {
        if files.contains(where: { $0.error != nil }) { return .failure }
        return problems.isEmpty ? .success : .negative
    }

    private var promoted: [(name: String, old: Digest?, new: Digest?)] {
        changes.map { ($0.id, $0.old, $0.new) }
            + files.flatMap(\.sites).filter { $0.status == .changed }.map {
                ($0.id ?? $0.path.description, $0.old?.digest, $0.new?.digest)
            }
    }

    func text(for console: Console) -> String {
        let style = console.outputStyle
        var listing = Listing(width: console.width)
        for change in promoted {
            listing.add([
                .init(text: UntrustedText(change.name).display, paint: style.bold),
                .init(text: "\(change.old?.short ?? "new") → \(change.new?.short ?? "–")"),
            ])
        }
        for problem in problems {
            let path = UntrustedText(problem.path).display
            listing.add(
                [
                    .init(
                        text: problem.mark.map { "\(path):\($0)" } ?? path, paint: style.red),
                    .init(text: UntrustedText(problem.id ?? "").display),
                    .init(text: "not promoted", paint: style.red),
                ], details: [.init(text: problem.reason, paint: style.red)])
        }
        for file in files {
            guard let reason = file.skipped else { continue }
            listing.add([
                .init(text: UntrustedText(file.path).display),
                .init(text: "skipped", paint: style.dim), .init(text: reason, paint: style.dim),
            ])
        }
        let rest = problems.isEmpty ? "" : ", \(problems.count) failed"
        let summary = "\(counted(promoted.count, "image")) promoted\(rest)\n"
        return listing.text.isEmpty ? summary : "\(listing.text)\n\(summary)"
    }

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "promote",
            "exitCode": .integer(Int(exitCode.rawValue)),
            "target": .string(target),
            "promoted": .array(
                promoted.map {
                    [
                        "id": .string($0.name),
                        "old": .optional($0.old?.description),
                        "new": .optional($0.new?.description),
                    ]
                }),
            "errors": .array(
                problems.map {
                    [
                        "path": .string($0.path),
                        "line": $0.mark.map { .integer($0.line) } ?? .null,
                        "column": $0.mark.map { .integer($0.column) } ?? .null,
                        "id": .optional($0.id),
                        "message": .string($0.reason),
                    ]
                }),
            "skipped": .array(
                files.compactMap { file in
                    file.skipped.map { ["path": .string(file.path), "message": .string($0)] }
                }),
        ]
    }
}
