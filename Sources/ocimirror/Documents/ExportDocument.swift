// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// What `export` answers as JSON: the lines that it would write.
struct ExportDocument {
    let name: String
    let lines: [String]

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "export",
            "exitCode": 0,
            "export": .string(name),
            "lines": .strings(lines),
        ]
    }
}
