// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// The result of `export` as JSON.
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
