// SPDX-License-Identifier: Apache-2.0

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
    let omissions: [UsedImages.Omission]

    var text: String {
        let source = files.map { " from \(counted($0, "file"))" } ?? ""
        return "\(shownPath) written, \(counted(images, "image"))\(source)\n"
    }

    /// Says what was left out, a line each.
    func warn(on console: Console) {
        for omission in omissions { console.warn("\(omission.place): \(omission.shownReason)") }
    }

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "init",
            "exitCode": 0,
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

    fileprivate var shownReason: String { UntrustedText(reason).display(limit: 400) }
}
