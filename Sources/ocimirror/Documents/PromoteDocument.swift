// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import OCI
internal import Pinning
internal import StrictJSON
internal import TextSafety
internal import YAML

/// What `promote` answers, as text and as JSON.
struct PromoteDocument {
    let destination: String
    /// The blocks of a lock that were copied.
    var changes: [LockPromotion.Change] = []
    /// The blocks of a lock that could not be copied.
    var refusedEntries: [LockPromotion.Rejection] = []
    /// The files that pins were copied into.
    var files: [PinnedFile] = []

    /// Something that was not done, and where; a place in a lock is its id.
    private struct Refusal {
        let path: String
        let mark: YAMLMark?
        let id: String?
        let reason: String
    }

    private var refusals: [Refusal] {
        refusedEntries.map {
            Refusal(path: destination, mark: nil, id: $0.id, reason: $0.reason)
        }
            + files.flatMap { file in
                (file.error.map {
                    [Refusal(path: file.path, mark: $0.mark, id: nil, reason: $0.message)]
                } ?? [])
                    + file.sites.filter { $0.verdict == .unpinnable }.map {
                        Refusal(
                            path: file.path, mark: $0.mark, id: $0.id, reason: $0.reason ?? "")
                    }
            }
    }

    /// 1 where an image could not take the other's digest, 2 where a file could not be read or written.
    var exitCode: ExitCode {
        if files.contains(where: { $0.error != nil }) { return .failure }
        return refusals.isEmpty ? .success : .negative
    }

    private var promoted: [(name: String, old: Digest?, new: Digest?)] {
        changes.map { ($0.id, $0.old, $0.new) }
            + files.flatMap(\.sites).filter { $0.verdict == .changed }.map {
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
        for refusal in refusals {
            let path = UntrustedText(refusal.path).display
            listing.add(
                [
                    .init(
                        text: refusal.mark.map { "\(path):\($0)" } ?? path, paint: style.red),
                    .init(text: UntrustedText(refusal.id ?? "").display),
                    .init(text: "not promoted", paint: style.red),
                ], details: [.init(text: refusal.reason, paint: style.red)])
        }
        for file in files {
            guard let reason = file.skipped else { continue }
            listing.add([
                .init(text: UntrustedText(file.path).display),
                .init(text: "skipped", paint: style.dim), .init(text: reason, paint: style.dim),
            ])
        }
        let rest = refusals.isEmpty ? "" : ", \(refusals.count) not"
        let summary = "\(counted(promoted.count, "image")) promoted\(rest)\n"
        return listing.text.isEmpty ? summary : "\(listing.text)\n\(summary)"
    }

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "promote",
            "exitCode": .integer(Int(exitCode.rawValue)),
            "destination": .string(destination),
            "promoted": .array(
                promoted.map {
                    [
                        "id": .string($0.name),
                        "old": .optional($0.old?.description),
                        "new": .optional($0.new?.description),
                    ]
                }),
            "refusals": .array(
                refusals.map {
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
