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
    let changes: [LockPromotion.Change]
    /// The files that pins were copied into.
    let files: [PinnedFile]

    private var refusals: [(path: String, site: PinnedSite)] {
        files.flatMap { file in
            file.sites.filter { $0.verdict == .unpinnable }.map { (file.path, $0) }
        }
    }

    /// No where an image could not take the other's digest; nothing is written then.
    var exitCode: ExitCode {
        if files.contains(where: { $0.refusal != nil }) { return .failure }
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
        for (path, site) in refusals {
            listing.add([
                .init(text: "\(UntrustedText(path)):\(site.mark)", paint: style.red),
                .init(text: site.reason ?? ""),
            ])
        }
        let verb = exitCode == .success ? "promoted" : "to promote, nothing is written"
        let summary = "\(counted(promoted.count, "image")) \(verb)\n"
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
                        "line": .integer($0.site.mark.line),
                        "column": .integer($0.site.mark.column),
                        "message": .optional($0.site.reason),
                    ]
                }),
        ]
    }
}
