// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Pinning
internal import StrictJSON
internal import TextSafety

/// What `init` answers, as text and as JSON.
struct InitDocument {
    let path: String
    let shownPath: String
    /// How many images the new configuration names.
    let images: Int
    /// How many files were looked into; nil where none was asked for.
    let files: Int?
    /// How many files could not be looked into.
    let unreadFiles: Int
    let omissions: [UsedImages.Omission]

    /// 2 where images of a file could not be found out.
    var exitCode: ExitCode { unreadFiles > 0 ? .failure : .success }

    var text: String {
        let source = files.map { " from \(counted($0, "file"))" } ?? ""
        let rest = unreadFiles > 0 ? ", \(unreadFiles) not looked into" : ""
        return "\(shownPath) written, \(counted(images, "image"))\(source)\(rest)\n"
    }

    /// Says what was left out, a line each.
    func warn(on console: Console) {
        for omission in omissions { console.warn(omission.line) }
    }

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "init",
            "exitCode": .integer(Int(exitCode.rawValue)),
            "path": .string(path),
            "images": .integer(images),
            "omitted": .array(
                omissions.map {
                    ["place": .string($0.place), "reason": .string($0.shownReason)]
                }),
        ]
    }
}

extension UsedImages.Omission {
    fileprivate var place: String {
        "\(UntrustedText(use.file).display(limit: 200)):\(use.mark)"
    }

    /// The place and the reason.
    var line: String { "\(place): \(shownReason)" }

    fileprivate var shownReason: String { UntrustedText(reason).display(limit: 400) }
}
