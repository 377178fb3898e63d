// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// What `lock merge` answers, as text and as JSON.
struct LockMergeDocument {
    let path: String
    let shownPath: String
    /// How many images the whole lock has.
    let images: Int
    let hasChanged: Bool

    var text: String {
        "\(shownPath) \(hasChanged ? "written" : "unchanged"), \(counted(images, "image"))\n"
    }

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "lock merge",
            "exitCode": 0,
            "path": .string(path),
            "images": .integer(images),
            "changed": .bool(hasChanged),
        ]
    }
}
