// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// The result of `lock merge` as text and JSON.
struct LockMergeDocument {
    let path: String
    let shownPath: String
    /// The number of entries in the merged lock file.
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
