// SPDX-License-Identifier: Apache-2.0

internal import Pinning
internal import StrictJSON
internal import TextSafety
internal import YAML

/// The linter's findings in the formats of other tools.
enum LintFormats {
    /// Returns the findings as a SARIF log for code scanning.
    ///
    /// Source: SARIF 2.1.0 §3.13 (log), §3.27 (result).
    static func sarif(_ files: [LintedFile], version: String) -> JSONValue {
        let rules = LintCode.allCases.map { code -> JSONValue in
            [
                "id": .string(code.rawValue),
                "shortDescription": ["text": .string(code.summary)],
            ]
        }
        let results = files.flatMap { file in
            (file.error.map {
                [
                    result(
                        rule: "rejected", level: "error", message: $0.message, mark: $0.mark,
                        path: file.path)
                ]
            }
                ?? [])
                + file.findings.map {
                    result(
                        rule: $0.code.rawValue, level: $0.severity.rawValue, message: $0.message,
                        mark: $0.mark, path: file.path)
                }
        }
        let driver: JSONValue = [
            "name": "ocimirror", "version": .string(version),
            "rules": .array(
                rules + [
                    ["id": "rejected", "shortDescription": ["text": "A file that cannot be read."]]
                ]),
        ]
        return [
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [["tool": ["driver": driver], "results": .array(results)]],
        ]
    }

    private static func result(
        rule: String, level: String, message: String, mark: YAMLMark, path: String
    ) -> JSONValue {
        [
            "ruleId": .string(rule),
            "level": .string(level),
            "message": ["text": .string(message)],
            "locations": [
                [
                    "physicalLocation": [
                        "artifactLocation": ["uri": .string(uri(path))],
                        "region": [
                            "startLine": .integer(mark.line),
                            "startColumn": .integer(mark.column),
                        ],
                    ]
                ]
            ],
        ]
    }

    /// Returns the findings as annotations of a GitHub Actions workflow, one on each line.
    ///
    /// Source: GitHub, Workflow commands § Setting an error message; escapes as in actions/runner.
    static func github(_ files: [LintedFile]) -> String {
        var text = ""
        for file in files {
            if let error = file.error {
                text += line(
                    level: "error", path: file.path, mark: error.mark, title: "rejected",
                    message: error.message)
            }
            for finding in file.findings {
                let level = finding.severity == .note ? "notice" : finding.severity.rawValue
                text += line(
                    level: level, path: file.path, mark: finding.mark, title: finding.code.rawValue,
                    message: finding.message)
            }
        }
        return text
    }

    private static func line(
        level: String, path: String, mark: YAMLMark, title: String, message: String
    ) -> String {
        "::\(level) file=\(escape(path, ":,")),line=\(mark.line),col=\(mark.column),title=\(title)"
            + "::\(escape(message))\n"
    }

    private static func escape(_ text: String, _ further: String = "") -> String {
        var escaped = ""
        for scalar in UntrustedText(text).display(limit: .max).unicodeScalars {
            if scalar == "%" || further.unicodeScalars.contains(scalar) {
                escaped += percent(UInt8(truncatingIfNeeded: scalar.value))
            } else {
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// Returns a path as a relative URI.
    private static func uri(_ path: String) -> String {
        path.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2F, 0x5F, 0x7E:
                String(UnicodeScalar(byte))
            default: percent(byte)
            }
        }.joined()
    }

    private static func percent(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "%\(digits.count == 1 ? "0" : "")\(digits)"
    }
}
