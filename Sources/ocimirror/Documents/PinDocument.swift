// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import OCI
internal import Pinning
internal import StrictJSON
internal import TextSafety
internal import YAML

/// The result of `pin` as text and JSON.
struct PinDocument {
    let lock: String
    let files: [PinnedFile]
    /// A Boolean value that indicates whether a required change leads to exit code 1.
    ///
    /// A version that differs from the lock file always does.
    let isCheck: Bool
    /// A Boolean value that indicates whether nothing was written.
    let isDry: Bool

    var exitCode: ExitCode {
        if files.contains(where: { $0.error != nil }) { return .failure }
        let differs = files.contains { $0.sites.contains { $0.status == .versionDiffers } }
        return differs || isCheck && files.contains { $0.newBytes != nil } ? .negative : .success
    }

    func text(for console: Console) -> String {
        let style = console.outputStyle
        var listing = Listing(width: console.width)
        for file in files {
            let path = UntrustedText(file.path).display
            if let error = file.error {
                listing.add(
                    [
                        .init(text: "\(path)\(error.place)"),
                        .init(text: "error", paint: style.red),
                    ],
                    details: [.init(text: "error: \(error.message)", paint: style.red)])
            }
            if let mark = file.skippedAt, let reason = file.skipped {
                listing.add([
                    .init(text: "\(path):\(mark)"), .init(text: "skipped", paint: style.dim),
                    .init(text: ""), .init(text: reason, paint: style.dim),
                ])
            }
            for site in file.sites where site.status != .pinned {
                listing.add(
                    [
                        .init(text: "\(path):\(site.mark)"),
                        site.statusCell(style, isDry: isDry),
                        .init(text: UntrustedText(site.id ?? "").display, paint: style.bold),
                        .init(text: site.change, paint: style.dim),
                    ],
                    details: site.details(style))
            }
        }
        let sites = files.flatMap(\.sites)
        let changed = files.count { $0.newBytes != nil }
        let verb = isDry ? "would change" : "changed"
        var counts = ["\(counted(changed, "file")) \(verb)"]
        for (status, word) in [
            (PinnedSite.Status.pinned, "up to date"),
            (.versionDiffers, "with a different version"),
            (.unknown, "not in the lock file"), (.unpinnable, "not pinnable"),
        ] {
            let count = sites.count { $0.status == status }
            if count > 0 { counts.append("\(count) \(word)") }
        }
        let list = listing.text
        return list + (list.isEmpty ? "" : "\n")
            + Listing.lines(
                [.init(text: counts.joined(separator: ", "))], width: console.width)
    }

    /// Writes errors and warnings, which the patch does not contain, to standard error.
    func warn(on console: Console) {
        for file in files {
            let path = UntrustedText(file.path).display
            if let error = file.error { console.error("\(path):\(error)") }
            if let reason = file.skipped, let mark = file.skippedAt {
                console.warn("\(path):\(mark): \(reason)")
            }
            for site in file.sites {
                if [.unpinnable, .versionDiffers, .unknown].contains(site.status),
                    let reason = site.reason
                {
                    let name = site.status == .unknown ? "\(site.change): " : ""
                    console.warn("\(path):\(site.mark): \(name)\(reason)")
                }
                for warning in site.warnings { console.warn("\(path):\(site.mark): \(warning)") }
            }
        }
    }

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "pin",
            "exitCode": .integer(Int(exitCode.rawValue)),
            "lock": .string(lock),
            "written": .bool(!isDry),
            "files": .array(files.map(\.json)),
        ]
    }
}

extension PinnedSite {
    func statusCell(_ style: TextStyle, isDry: Bool) -> Listing.Cell {
        switch status {
        case .pinned: .init(text: "up to date", paint: style.green)
        case .changed: .init(text: isDry ? "would change" : "changed", paint: style.green)
        case .versionDiffers: .init(text: status.rawValue, paint: style.red)
        case .unknown: .init(text: "not in the lock file", paint: style.dim)
        case .unpinnable: .init(text: "not pinned", paint: style.yellow)
        case .skipped: .init(text: "skipped", paint: style.dim)
        }
    }

    /// The repository, with the old and the new tag and digest.
    var change: String {
        guard let new else {
            return old?.description ?? UntrustedText(path.description).display
        }
        let before = old.map { "\($0.tag?.name ?? "–") \($0.digest?.short ?? "no digest")" } ?? "–"
        return "\(new.repository): \(before) → \(new.tag?.name ?? "–") \(new.digest?.short ?? "–")"
    }

    fileprivate func details(_ style: TextStyle) -> [Listing.Cell] {
        var details: [Listing.Cell] = []
        if let reason {
            let paint =
                switch status {
                case .versionDiffers: style.red
                case .unpinnable: style.yellow
                case .pinned, .changed, .unknown, .skipped: style.dim
                }
            details.append(Listing.Cell(text: reason, paint: paint))
        }
        details += warnings.map { Listing.Cell(text: "warning: \($0)", paint: style.yellow) }
        if status == .changed, !usedAt.isEmpty {
            let places = usedAt.map(\.description).joined(separator: ", ")
            details.append(Listing.Cell(text: "also used at \(places)", paint: style.dim))
        }
        return details
    }

    fileprivate var json: JSONValue {
        [
            "line": .integer(mark.line),
            "column": .integer(mark.column),
            "path": .string(path.description),
            "shape": .string(shape.rawValue),
            "status": .string(status.rawValue),
            "id": .optional(id),
            "reason": .optional(reason),
            "basis": .optional(basis),
            "old": .optional(old?.description),
            "new": .optional(new?.description),
            "usedAt": .array(usedAt.map(\.json)),
            "warnings": .strings(warnings),
        ]
    }
}

extension PinnedFile {
    fileprivate var json: JSONValue {
        [
            "path": .string(path),
            "changed": .bool(newBytes != nil),
            "skipped": .optional(skipped),
            "skippedAt": skippedAt.map(\.json) ?? .null,
            "error": error.map(\.json) ?? .null,
            "sites": .array(sites.map(\.json)),
            "otherValues": .array(
                otherValues.map { value in
                    [
                        "line": .integer(value.mark.line),
                        "column": .integer(value.mark.column),
                        "path": .string(value.path.description),
                        "reason": .string(value.reason),
                    ]
                }),
        ]
    }
}

extension YAMLMark {
    fileprivate var json: JSONValue { ["line": .integer(line), "column": .integer(column)] }
}

extension YAMLError {
    fileprivate var json: JSONValue {
        [
            "line": .integer(mark.line),
            "column": .integer(mark.column),
            "message": .string(message),
        ]
    }
}
