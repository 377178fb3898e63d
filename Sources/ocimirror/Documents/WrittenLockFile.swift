// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// A lock file that `lock pull` or `lock merge` wrote, as text and JSON.
struct WrittenLockFile {
    let path: String
    let shownPath: String
    /// The number of entries.
    let imageCount: Int
    let hasChanged: Bool

    var text: String {
        "\(shownPath) \(hasChanged ? "written" : "unchanged"), \(counted(imageCount, "image"))"
    }

    /// The members of the stable documents; `Documentation/json.md` describes them.
    var json: [JSONValue.Member] {
        [
            JSONValue.Member("path", .string(path)),
            JSONValue.Member("images", .integer(imageCount)),
            JSONValue.Member("changed", .bool(hasChanged)),
        ]
    }
}
